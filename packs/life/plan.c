/* A plan's memory, words and lines. */
#include "packs/life/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"

#define ARENA_MAX ((size_t)16 << 20)
#define LINE_MAX  1024

void life_plan_init(struct plan *plan) {
    *plan = (struct plan){.arena = {.max = ARENA_MAX}};
    row_init(&plan->row, NULL);
}

void life_plan_done(struct plan *plan) {
    manifest_free(plan->manifest);
    manifest_free(plan->before);
    content_free(plan->tree);
    content_free(plan->tree_before);
    finding_done(&plan->found);
    row_done(&plan->row);
    free(plan->permissions);
    free(plan->lines);
    arena_done(&plan->arena);
}

const char *life_plan_action_name(enum plan_action action) {
    static const char *const names[] = {"install", "upgrade", "restore", "nothing"};
    return names[action];
}

const char *life_plan_sort_name(enum plan_sort sort) {
    static const char *const names[] = {"refused", "chosen", "missing", "unknown", "unproven", "changed", "note"};
    return names[sort];
}

int life_plan_say(struct plan *plan, enum plan_sort sort, struct err *err, const char *fmt, ...) {
    char words[LINE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    struct bytes text = bytes_of(words);
    text.n = text_utf8_valid(text.p, text.n); /* whole characters only */
    plan->n_refused += sort == PLAN_REFUSED;
    if (plan->n_lines >= PLAN_LINES_MAX) return 0;
    int rc = array_room(&plan->lines, plan->n_lines + 1, &plan->cap, sizeof(plan->lines[0]), err);
    if (rc != 0) return rc;
    const struct bytes copy = arena_copy(&plan->arena, text);
    if (copy.p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    plan->lines[plan->n_lines++] = (struct plan_line){sort, (const char *)copy.p};
    return 0;
}
