"""The lab: what inkgrad is made and measured with, and what no one who uses it needs."""
