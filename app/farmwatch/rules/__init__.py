"""The rules of trouble: what is stuck, slow, bad or dead, told with what was compared."""
