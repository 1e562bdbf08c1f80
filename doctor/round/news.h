/* Which observations are worth an event. */
#ifndef DOCTOR_ROUND_NEWS_H
#define DOCTOR_ROUND_NEWS_H

#include "doctor/probe/probe.h"
#include "projections/view/state.h"

#define NEWS_OLD_NS (UINT64_C(12) * 3600 * 1000000000) /* an unchanged observation is recorded again after that */

/* Is it another status or digest than the newest of its check and target, a number that has moved by more than an eighth of its
 * limit, or is that one old? The first one is news. The time is the view's: a clock that went back makes nothing new. */
int news_is(struct state_view *view, const struct probe_record *record, bool *ret, struct err *err);
/* When the probe last looked: of its own check "probe". 0: never, or that look failed. */
int news_looked(struct state_view *view, const struct probe *probe, uint64_t *ret, struct err *err);

#endif
