"""Show results, messages and progress to a person. Only this folder imports rich."""
