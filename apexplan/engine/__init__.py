"""From live, desired and recorded to changes, steps, a plan, and through an apply back to the state.

    survey ── reads the stores, side by side            (input)
      │ live, desired in the store's spelling
    diff ──── changes, one an object                    (pure)
    planner ─ steps in order, units, hazards: the plan  (pure; graph orders, hazards decides)
    planfile ─ the plan as a file, and whether it still holds
    apply ─── runs units with the journal, undoes, resumes   (input and output)
    rollback ─ the plan that undoes a finished run      (pure)
    drift ─── recorded against live                     (pure)

`ports` says what the engine needs from the state and the screen; it knows no database and no
terminal.
"""
