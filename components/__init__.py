"""The parts of the platform: each module creates one part and says in its docstring what that is and why."""
