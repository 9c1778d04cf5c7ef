"""Write the files that make schedulers run a plan."""
