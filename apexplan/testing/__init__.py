"""What a provider is tested with, shipped in the wheel.

fake         a provider whose store lives in the process and can behave like any of the real ones
memory       a state store in memory that can crash between any two writes
faults       sessions that fail before or after their effect, for every provider
conformance  the suite that every provider passes, to be subclassed in its tests
plugin       the pytest plugin with the fixtures of all of these
"""
