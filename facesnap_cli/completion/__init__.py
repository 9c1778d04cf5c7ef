"""What TAB offers: the command line understood as far as it is typed, values, and four small shell scripts."""
