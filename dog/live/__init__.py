"""What is running: the stepper, the command queues, the home that changes, the links and their supervision."""
