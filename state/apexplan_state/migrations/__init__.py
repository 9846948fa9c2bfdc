"""The way from every revision of the tables to the next, run by `apexplan_state.upgrade`."""
