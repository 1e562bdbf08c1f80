/* From a name to addresses, within a deadline. */
#ifndef WORK_MODEL_PLACE_H
#define WORK_MODEL_PLACE_H

#include "work/endpoint.h"

#define MODEL_PIN_MAX (WORK_HOST_MAX + 8 + WORK_ADDRESSES_MAX * (WORK_ADDRESS_TEXT + 3))

/* Whether the caller wants an end. */
bool model_stopped(const struct work_stop *stop);
/* Waits until then (base/clock.h's monotonic time), or until the caller wants an end. */
void model_wait(const struct work_stop *stop, uint64_t until_ns);

/* Host and port of an address in the form of http_base. False: too long. */
bool model_place_read(const char *base, struct work_place *ret);
/* Fills in the addresses. An address needs no look-up; a name gets one in a thread that is left to itself when it takes
 * longer than the deadline. ERR_NET: not found, too late, or stopped; ERR_NOMEM. */
int model_place_find(struct work_place *place, const struct work_stop *stop, uint64_t until_ns, struct err *err);
/* As base/http wants it: the name leads to these addresses alone. "": the host is an address itself. */
void model_place_pin(const struct work_place *place, char ret[MODEL_PIN_MAX]);

#endif
