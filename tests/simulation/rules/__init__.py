"""What must hold in every schedule: the invariants, and the modules that check them."""
