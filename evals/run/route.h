/* A route as what is evaluated: what its state says, and where its model is reached. */
#ifndef EVALS_RUN_ROUTE_H
#define EVALS_RUN_ROUTE_H

#include "evals/run/types.h"
#include "work/model.h"

struct run_route {
    struct run_binding binding;                    /* route, configuration, pack, model */
    char suite[256], suite_digest[RUN_DIGEST_MAX]; /* that proves it; "": it names none */
    bool tool;                                     /* a program serves it */
    char program[1024];                            /* that program; "": it names none */
    bool files;                                    /* its pack's files have a digest: only what names that proves it */
    enum work_protocol protocol;
    char url[1024], key_file[1024]; /* url "": nothing says where its model is reached */
};

/* ERR_NOTFOUND: there is no such route, or it is removed. */
int run_route_find(struct ledger *ledger, const char *name, struct run_route *ret, struct err *err);

#endif
