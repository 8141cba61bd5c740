"""How a bundle does: against annotated texts, on texts that are disturbed, and in time."""
