/* What a server offers, set against what it was last seen to offer: two events and an alarm. */
#ifndef CAPTURE_TAP_OBSERVE_H
#define CAPTURE_TAP_OBSERVE_H

#include "capture/tap/event.h"
#include "capture/tap/names.h"
#include "capture/tap/tools.h"

struct observe {
    struct tap_tools known;  /* as last observed, in this session or an earlier one */
    struct tap_tools warned; /* what pages had otherwise since, and was said */
    bool is_known, announced;
    char key[TAP_KEY_LEN]; /* of the event that says so; "": unknown */
    char name[RPC_WORD_MAX + 1], version[RPC_WORD_MAX + 1], protocol[RPC_WORD_MAX + 1]; /* as the server reports */
};
void observe_init(struct observe *observe);
void observe_done(struct observe *observe);
/* Takes `tools` over. */
void observe_known(struct observe *observe, struct tap_tools *tools, const char *key);
/* A complete list, which it takes over. `draft` is begun as agent.tools_observed. Nothing is given when the list is as before. */
int observe_list(struct observe *observe, const struct tap_names *names, struct tap_tools *tools, struct tap_draft *draft,
                 const struct tap_sink *sink, struct err *err);
/* What pages had since the last complete list. `draft` is begun as agent.tools_changed. *ret true: a known definition is another,
 * which is given, once. */
int observe_page(struct observe *observe, const struct tap_names *names, const struct tap_tools *seen,
                 struct tap_draft *draft, const struct tap_sink *sink, bool *ret, struct err *err);

#endif
