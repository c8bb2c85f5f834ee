/* libmodbus's server, for the tests: cc peer_libmodbus.c -o peer -lmodbus; ./peer PORT
 *
 * Unit 1 with 300 of each. Input register 100 follows holding register 251. Holding register 250 says how requests for
 * input registers are answered: 0 well, 1 with another transaction id, 2 after 300 ms, 3 byte by byte, 4 one register
 * too many. Whoever writes registers (mbpoll) has it in hand. Prints a line when it is ready.
 */

#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WELL, OTHER_ID, LATE, BYTE_BY_BYTE, TOO_LONG };

static void byte_by_byte(int wire, const uint8_t *query, uint16_t value)
{
    uint8_t answer[] = {query[0], query[1], 0, 0, 0, 5, query[6], 4, 2, (uint8_t) (value >> 8), (uint8_t) value};
    for (size_t at = 0; at < sizeof answer; at++) {
        if (send(wire, answer + at, 1, MSG_NOSIGNAL) < 0)
            return;
        usleep(2000);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    modbus_t *server = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_mapping_t *memory = modbus_mapping_new(300, 300, 300, 300);
    int listening = server && memory ? modbus_tcp_listen(server, 4) : -1;
    if (listening < 0) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    puts("\"ready\"");
    fflush(stdout);
    fd_set all;
    FD_ZERO(&all);
    FD_SET(listening, &all);
    int highest = listening;
    for (;;) {
        fd_set readable = all;
        if (select(highest + 1, &readable, NULL, NULL, NULL) < 0)
            return 1;
        for (int wire = 0; wire <= highest; wire++) {
            if (!FD_ISSET(wire, &readable))
                continue;
            if (wire == listening) {
                int accepted = accept(listening, NULL, NULL);
                if (accepted >= 0 && accepted < FD_SETSIZE) {
                    FD_SET(accepted, &all);
                    highest = accepted > highest ? accepted : highest;
                }
                continue;
            }
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            modbus_set_socket(server, wire);
            int length = modbus_receive(server, query);
            if (length < 0) {
                close(wire);
                FD_CLR(wire, &all);
                continue;
            }
            int how = length >= 12 && query[7] == 4 ? memory->tab_registers[250] : WELL;
            memory->tab_input_registers[100] = memory->tab_registers[251];
            if (how == OTHER_ID)
                query[1] ^= 0xFF;
            else if (how == LATE)
                usleep(300000);
            else if (how == TOO_LONG)
                query[11]++;
            if (how == BYTE_BY_BYTE)
                byte_by_byte(wire, query, memory->tab_input_registers[100]);
            else
                modbus_reply(server, query, length, memory);
        }
    }
}
