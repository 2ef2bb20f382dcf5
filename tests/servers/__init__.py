"""Real servers, private to a test run, and scripted ones that misbehave on purpose. Loopback only."""
