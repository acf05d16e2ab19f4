"""WHERE: the stages of a customer's life, the rules between them, and who moved when and why."""
