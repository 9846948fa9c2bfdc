"""What a provider is tested with, shipped in the wheel.

fake         a provider whose store lives in the process and can behave like any of the real ones
boxes        what the fake store holds: its spec and its manifest kind
memory       a state store in memory that can crash between any two writes
faults       sessions that fail before or after their effect, for every provider
chaos        runs one plan with every crash and fault, and tells which promise was broken
conformance  the suite that every provider passes, to be subclassed in its tests
plugin       the pytest plugin with a fixture for real local stores
"""
