"""The EnOcean driver: radio devices behind a transceiver that speaks ESP3. See README.md beside this file."""
