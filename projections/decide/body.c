/* A body from outside may hold anything under a name. */
#include "projections/decide/body.h"

#include "base/mp.h"

struct bytes decide_text(struct bytes body, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool text = mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR;
    return text ? item.data : (struct bytes){(const uint8_t *)"", 0};
}
