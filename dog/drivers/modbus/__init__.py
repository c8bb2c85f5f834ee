"""The Modbus driver: TCP, RTU and ASCII on a serial port, both of them over TCP. See README.md."""

from dog.drivers.modbus.driver import ModbusDriver

#: What the entry point names.
driver = ModbusDriver()
