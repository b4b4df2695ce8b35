/* A libmodbus server that holds known values, for tests/drivers/test_modbus_interop.py: ./server PORT */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    modbus_t *bus = modbus_new_tcp("127.0.0.1", argc > 1 ? atoi(argv[1]) : 1502);
    modbus_mapping_t *map = modbus_mapping_new(32, 32, 200, 200);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    const uint16_t words[] = {
        4321,           0xFFFF,
        0x4148, 0x0000, /* 12.5 ABCD */
        0x0000, 0x50C0, /* -3.25 DCBA */
        0x7449, 0x0024, /* 1e6 BADC */
        0x0000, 0x3E00, /* 0.125 CDAB */
        0xFFFE, 0xEE90, /* -70000 */
    };
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        map->tab_registers[i] = words[i];
    map->tab_registers[150] = 0x8001;
    map->tab_input_registers[7] = 777;
    map->tab_bits[9] = 1;
    map->tab_input_bits[17] = 1;

    int listener = modbus_tcp_listen(bus, 1);
    if (listener == -1)
        return 1;
    puts("listening");
    fflush(stdout);
    for (;;) {
        int length;
        modbus_tcp_accept(bus, &listener);
        while ((length = modbus_receive(bus, query)) != -1)
            modbus_reply(bus, query, length, map);
        modbus_close(bus);
    }
}
