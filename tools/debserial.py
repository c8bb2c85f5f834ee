"""Serial ports under the hardened unit, in a booted system; for tools/debtest.py."""

from __future__ import annotations

from tools.debsystem import ROOT, System, until

PORT = "/dev/ttyRTU"
HOME = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment/>
  <dhc:controllables>
    <dhc:device class="ModbusGateway" id="line" domoticSystem="Modbus">
      <dhc:param name="portName" value="{PORT}"/>
      <dhc:param name="protocolVariant" value="RTU"/>
    </dhc:device>
    <dhc:device class="SimpleLamp" id="lamp" domoticSystem="Modbus" gateway="line">
      <dhc:notificationFunctionality class="StateChangeNotificationFunctionality">
        <dhc:notifications>
          <dhc:notification class="StateChangeNotification" id="changed">
            <dhc:param name="registerAddress" value="0"/>
            <dhc:param name="registerType" value="c"/>
            <dhc:param name="dataSize" value="bit"/>
            <dhc:param name="slaveId" value="1"/>
          </dhc:notification>
        </dhc:notifications>
      </dhc:notificationFunctionality>
    </dhc:device>
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""
#: Device numbers with no device behind them: who may open one is told ENXIO or the like, who may not EPERM.
PORTS = {"ttyS31": (4, 95), "ttyUSB200": (188, 200), "ttyACM200": (166, 200), "ttyAMA15": (204, 79)}
OTHERS = {"usb200": (180, 200), "video200": (81, 200)}
#: Tells how opening each of its arguments goes.
OPENER = """\
import errno, os, sys
for name in sys.argv[1:]:
    try:
        os.close(os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        print(name, "opened")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
"""


def checkLine(system: System) -> None:
    """A Modbus RTU unit at the end of a pseudo-terminal is switched by the service."""
    system.put((ROOT / "tools" / "rtuunit.py").read_text("utf-8"), "/root/rtuunit.py")
    system.put(HOME, "/root/home.xml")
    unit = system.start(f"exec python3 /root/rtuunit.py {PORT} > /root/unit")
    try:
        until("the unit is there", lambda: "ready" in system.ask("cat /root/unit"))
        system.do("install -o dog -g dog -m 640 /root/home.xml /var/lib/dog/home.xml")
        system.do("systemctl restart dog-gateway")
        until("the service is ready with a serial port", system.ready)

        def switched() -> bool:
            system.ask("dogctl send lamp on")
            return "coil 0 = 1" in system.ask("cat /root/unit")

        until("the lamp at the serial port is on", switched)
        until("and is read", lambda: '"on"' in system.ask("dogctl status lamp --json"))
        owner = system.ask(f"find /proc/{system.property('MainPID')}/fd -lname '/dev/pts/*'")
        assert owner.strip(), "the service has no serial port open"
    finally:
        unit.terminate()
        unit.wait(30)
        system.ask(f"rm -f {PORT}")


def checkPorts(system: System) -> str:
    """Which device numbers a service may open that has the unit's very lines, but for what it runs."""
    system.do("mkdir -p /usr/local/lib/try")
    system.put(OPENER, "/usr/local/lib/try/opener.py")
    for name, (major, minor) in (PORTS | OTHERS).items():
        system.do(f"mknod -m 660 /dev/{name} c {major} {minor} && chown root:dialout /dev/{name}")
    nodes = " ".join(f"/dev/{each}" for each in PORTS | OTHERS)
    start = f"ExecStart=/usr/bin/python3 /usr/local/lib/try/opener.py {nodes}"
    unit = "/run/systemd/system/try-ports.service"
    path = system.property("FragmentPath")
    system.do(f"mkdir -p {unit}.d && cp {path} {unit}")
    system.do(f"sed -i -e 's|^ExecStart=.*|{start}|' -e 's/^Type=.*/Type=oneshot/' -e '/^Restart=/d' {unit}")
    system.do("systemctl daemon-reload && systemctl start try-ports")
    said = system.do("journalctl -u try-ports -o cat --no-pager")
    told = dict(line.split() for line in said.splitlines() if line.startswith("/dev/"))
    system.do(f"rm -r {unit} {unit}.d /usr/local/lib/try {nodes} && systemctl daemon-reload")
    assert set(told) == set(nodes.split()), said
    refused = {each for each, how in told.items() if how in ("EPERM", "EACCES")}
    assert refused == {f"/dev/{each}" for each in OTHERS}, told
    return f"{', '.join(PORTS)} may be opened, {', '.join(OTHERS)} not"
