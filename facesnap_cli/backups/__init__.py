"""Copy objects to other accounts and back up what a plan names."""
