"""Policy as data: what the files in rules/ say, checked once and never changed while running.

``load.load_rules`` reads the folder; every other module here is values and plain computation.
"""
