"""The simulated driver: believable devices without a bus. See README.md beside this file."""

from dog.drivers.simulated.simulation import Simulation

driver = Simulation()
