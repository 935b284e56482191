"""The processes of lunarcloud: typed inputs in, a result out; the command line and Python both run these."""
