/* Makes a plan: from a directory, and from the states. */
#ifndef PACKS_LIFE_ASSESS_H
#define PACKS_LIFE_ASSESS_H

#include "packs/life/plan.h"

struct plan_options {
    const char *ledger_dir, *from; /* the directory of the pack */
    const char *dpkg_dir;          /* the admin directory of dpkg; NULL: none */
    const struct note_vkey *keys;  /* publishers */
    size_t n_keys;
    bool must_sign; /* one of them must have signed it */
    bool upgrade;   /* the pack is there already and becomes this version */
    bool downgrade; /* also an older one */
};

/* Reads the directory, and judges its signature. ERR_INVALID with findings in plan->found. */
int assess_read(struct plan *plan, const struct plan_options *options, struct err *err);
/* Judges it by the states. 0 also when something refuses it: plan->n_refused. Once for a plan. */
int assess_judge(struct plan *plan, const struct plan_options *options, struct state_view *view, struct err *err);

#endif
