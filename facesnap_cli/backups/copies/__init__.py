"""Copy one object to other accounts: take, apply, verify."""
