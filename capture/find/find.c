/* The order of looking: servers first, since they are waited for. */
#include "capture/find/find.h"

#include "capture/find/places.h"
#include "capture/find/servers.h"

int find_all(const struct find_world *world, struct find_list *ret, struct err *err) {
    int rc = servers_find(world, ret, err);
    for (size_t i = 0; rc == 0 && i < find_count(); i++) {
        rc = places_find(world, find_at(i), ret, err);
    }
    return rc == ERR_LIMIT ? 0 : rc; /* the first ones are enough for a table */
}

void find_receiver(const char *(*env)(const char *name), char ret[HTTPD_ADDRESS_MAX]) {
    places_receiver(env, ret);
}
