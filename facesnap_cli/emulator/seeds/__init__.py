"""Fill the store at the start: seed files, demo objects and drawn images."""
