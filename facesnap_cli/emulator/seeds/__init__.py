"""Fill the store at the start, from a seed file or the demo seed."""
