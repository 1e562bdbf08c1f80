/* An installed pack as what is evaluated: its own steps run, confined, on the files and arguments of a case, in a demo (packs/run/run.h),
 * because nothing proves its routes yet. Of a route, only its steps and those that they need run, and those that make what a
 * case looks at.
 *
 * A case's files are given under the paths that they have from the suite's directory, in an empty workspace: inbox/a.pdf is
 * covered by a grant of filesystem.read for inbox/... What a policy refuses is a violation.
 *
 * Samples run at the same time, one a processor and at most four if nobody says how many, each in its own workspace. They run
 * one after the other where they could meet: where the pack may go as far as T2, or write outside its workspace. So they do, if
 * nobody says otherwise, where the suite has a threshold of a latency, which they would lengthen for each other. */
#ifndef EVALS_RUN_PACK_H
#define EVALS_RUN_PACK_H

#include "evals/run/types.h"

struct run_pack_options {
    struct ledger *ledger;
    const char *pack;
    const char *actor, *user;     /* user: of steps, when root runs them; NULL: the default */
    const char *dpkg_dir, *trust; /* as of run_options */
    bool unconfined;
    const volatile int *stop;
    int stop_fd;
    void (*halt)(void);
};
struct run_pack;

/* Reads the pack's files and compares them with what was installed. ERR_NOTFOUND: no such pack; ERR_CONFLICT: it cannot be
 * evaluated, as it was changed or is not installed. The options are borrowed. */
int run_pack_open(const struct run_pack_options *options, struct run_pack **ret, struct err *err);
void run_pack_close(struct run_pack *pack); /* NULL is fine */

/* Where the pack's own copy of a suite is, by the path that its manifest names or by a file with the same bytes; false: the manifest
 * names no such suite, and `ret` is the path as it was given. */
bool run_pack_suite(struct run_pack *pack, const char *path, char *ret, size_t size);
/* How many suites the manifest names, each of them once, and their paths in the pack. */
size_t run_pack_suites(const struct run_pack *pack);
struct bytes run_pack_suite_path(const struct run_pack *pack, size_t index);
/* How many routes the suite proves that run_pack_suite found last, and their names. */
size_t run_pack_routes(const struct run_pack *pack);
struct bytes run_pack_route(const struct run_pack *pack, size_t index);
bool run_pack_requires(const struct run_pack *pack, size_t index); /* the pack is not ready without it */
struct bytes run_pack_version(const struct run_pack *pack);

/* From here on samples are of this route; NULL: of the whole pack. A suite that the manifest names takes the name and digest that
 * the route has for it: the judge compares these. ERR_INVALID: a case has what the pack has no use for. */
int run_pack_take(struct run_pack *pack, const char *route, struct suite *suite, struct err *err);
struct run_subject run_pack_subject(struct run_pack *pack);

#endif
