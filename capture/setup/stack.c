/* A kill in between leaves a change undone that was only lifted: the table says "not connected", and --apply makes it again. */
#include "capture/setup/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "capture/setup/mcp.h"

struct change {
    struct setup_place place;
    char otlp[256]; /* of its record */
    bool lifted;
};

struct stack {
    const struct setup_world *world;
    struct ledger *ledger;
    const char *actor;
    const char *path_base, *path_below;
    struct change *changes;
    size_t n, cap;
    size_t *order; /* numbers of those that are lifted, the newest first */
    size_t n_order;
};

/* Of the same file only. */
static int take_place(void *ctx, const struct setup_place *place, struct err *err) {
    struct stack *s = ctx;
    char a[2 * FILE_PATH_MAX + 2], b[2 * FILE_PATH_MAX + 2];
    snprintf(a, sizeof(a), "%s/%s", s->path_base, s->path_below);
    snprintf(b, sizeof(b), "%s/%s", place->base, place->below);
    if (place->form == SETUP_NONE || strcmp(a, b) != 0) return 0;
    int rc = array_room(&s->changes, s->n + 1, &s->cap, sizeof(*s->changes), err);
    if (rc != 0) return rc;
    memset(&s->changes[s->n], 0, sizeof(s->changes[0]));
    s->changes[s->n++].place = *place;
    return 0;
}

static int find_all(struct stack *s, const struct setup_place *of, struct err *err) {
    struct setup_place hooks;
    s->path_base = of->base;
    s->path_below = of->below;
    int rc = setup_place_find(s->world, of->agent, &hooks, err);
    if (rc == 0) rc = take_place(s, &hooks, err);
    if (rc == 0) rc = setup_mcp_places(s->world, of->agent, take_place, s, err);
    s->order = rc == 0 ? calloc(s->n + 1, sizeof(*s->order)) : NULL;
    return rc == 0 && s->order == NULL ? err_set(err, ERR_NOMEM, "out of memory") : rc;
}

static int lift(struct stack *s, size_t i, struct err *err) {
    struct change *change = &s->changes[i];
    struct setup_record *record = calloc(1, sizeof(*record));
    struct setup_finding f;
    int rc = record == NULL ? err_set(err, ERR_NOMEM, "out of memory")
                            : setup_record_read(s->world, change->place.id, record, err);
    if (rc == 0) {
        snprintf(change->otlp, sizeof(change->otlp), "%s", record->otlp);
        rc = setup_undo(s->world, &change->place, s->ledger, s->actor, &f, err);
    }
    if (record != NULL) setup_record_done(record);
    free(record);
    change->lifted = true;
    if (rc == 0 && f.changed) s->order[s->n_order++] = i;
    return rc;
}

/* What was changed after this place goes, as far as that is known. */
static int lift_newer(struct stack *s, const struct setup_place *place, struct err *err) {
    bool found = true;
    int rc = find_all(s, place, err);
    while (rc == 0 && found && !setup_is_on_top(s->world, place)) {
        found = false;
        for (size_t i = 0; rc == 0 && !found && i < s->n; i++) {
            struct change *change = &s->changes[i];
            found =
                !change->lifted && strcmp(change->place.id, place->id) != 0 && setup_is_on_top(s->world, &change->place);
            if (found) rc = lift(s, i, err);
        }
    }
    return rc;
}

/* Whatever happened: the opposite of lifting. */
static int put_back(struct stack *s, int rc, struct err *err) {
    for (size_t i = s->n_order; i > 0; i--) {
        const struct change *change = &s->changes[s->order[i - 1]];
        struct setup_world world = *s->world;
        struct setup_finding f;
        struct err why = {0};
        world.otlp = change->otlp[0] != '\0' ? change->otlp : NULL;
        int failed = setup_apply(&world, &change->place, s->ledger, s->actor, &f, &why);
        if (rc == 0 && failed != 0) rc = err_set(err, failed, "%s", why.msg);
    }
    free(s->changes);
    free(s->order);
    return rc;
}

int setup_stack_undo(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger,
                     const char *actor, struct setup_finding *ret, struct err *err) {
    struct stack s = {.world = world, .ledger = ledger, .actor = actor};
    int rc = place->form != SETUP_NONE && setup_is_recorded(world, place) ? lift_newer(&s, place, err) : 0;
    if (rc == 0) rc = setup_undo(world, place, ledger, actor, ret, err);
    return put_back(&s, rc, err);
}

int setup_stack_apply(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger,
                      const char *actor, struct setup_finding *ret, struct err *err) {
    struct stack s = {.world = world, .ledger = ledger, .actor = actor};
    bool moves = false;
    int rc = setup_moves(world, place, &moves, err);
    if (rc == 0 && moves) rc = lift_newer(&s, place, err);
    if (rc == 0 && moves) rc = setup_undo(world, place, ledger, actor, ret, err);
    if (rc == 0) rc = setup_apply(world, place, ledger, actor, ret, err);
    return put_back(&s, rc, err);
}
