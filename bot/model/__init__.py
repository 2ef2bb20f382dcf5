"""The values that travel between the rooms: frozen, without behaviour, without IO."""
