"""apexplan: schema as code for the stores behind AI memory systems."""

__version__ = "0.1.0"
