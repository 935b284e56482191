"""The paper's figures, tables and numbers beside those of a root. Entered through the action ``paper``."""
