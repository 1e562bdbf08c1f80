/* What a pack requires of other packs and of the machine, as its installation lists it: is it there, as far as the log knows?
 * What only the machine knows, which programs it has, is judged where packs are run. */
#ifndef PROJECTIONS_READY_REQUIRES_H
#define PROJECTIONS_READY_REQUIRES_H

#include "projections/view/reason.h"
#include "projections/view/state.h"

enum requires_is { REQUIRES_UNKNOWN, REQUIRES_ABSENT, REQUIRES_THERE };

/* What rows say of a runtime, or of a package of Debian, by its name: there, not there, or nothing. */
enum requires_source { REQUIRES_RUNTIME, REQUIRES_PACKAGE };
/* Called for each that is there, with its version (n 0: not known). */
typedef int requires_fn(void *ctx, struct bytes version, struct err *err);
/* `cite` gets what was read. */
int requires_look(struct state_view *view, enum requires_source source, struct bytes name, requires_fn *each, void *ctx,
                  enum requires_is *ret, struct reason *cite, struct err *err);

/* An item of a pack's list 'requires'. */
struct requirement {
    struct bytes sort, name, version; /* borrowed from the item */
    enum requires_is is;
    char what[160];       /* "the pack 'c' ^1" */
    struct reason reason; /* why it is not there, in words; cites what was read */
};
/* `item`: of the list, as the row of packs has it. */
int requires_judge(struct state_view *view, struct bytes item, struct requirement *ret, struct err *err);

#endif
