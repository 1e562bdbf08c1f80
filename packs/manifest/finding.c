/* A list that keeps the first findings and counts the rest, so that no input makes it large. */
#include "packs/manifest/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"

#define PHRASE_MAX 1024
#define ARENA_MAX  ((size_t)4 << 20)

/* What several steps have in common is said once. */
static bool is_there(const struct finding_list *found, const char *file, struct yaml_place at, const char *phrase) {
    for (size_t i = 0; i < found->n; i++) {
        const struct finding *f = &found->list[i];
        if (f->at.line == at.line && f->at.column == at.column && strcmp(f->text, phrase) == 0 &&
            strcmp(f->file, file) == 0) {
            return true;
        }
    }
    return false;
}

void finding_put(struct finding_list *found, const char *file, struct yaml_place at, bool warning, const char *fmt, ...) {
    char phrase[PHRASE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(phrase, sizeof(phrase), fmt, args);
    va_end(args);
    if (is_there(found, file, at, phrase)) return;
    (*(warning ? &found->warnings : &found->errors))++;
    if (found->n == FINDINGS_MAX) return;
    found->arena.max = ARENA_MAX;
    const struct bytes text = arena_copy(&found->arena, bytes_of(phrase)), name = arena_copy(&found->arena, bytes_of(file));
    if (text.p == NULL || name.p == NULL ||
        array_room(&found->list, found->n + 1, &found->cap, sizeof(*found->list), NULL)) {
        found->failed = true;
        return;
    }
    found->list[found->n++] = (struct finding){(const char *)name.p, at, warning, (const char *)text.p};
}

static bool is_before(const struct finding *a, const struct finding *b) {
    int c = strcmp(a->file, b->file);
    if (c != 0) return c < 0;
    return a->at.line != b->at.line ? a->at.line < b->at.line : a->at.column < b->at.column;
}

void finding_sort(struct finding_list *found) {
    for (size_t i = 1; i < found->n; i++) {
        struct finding one = found->list[i];
        size_t at = i;
        for (; at > 0 && is_before(&one, &found->list[at - 1]); at--) {
            found->list[at] = found->list[at - 1];
        }
        found->list[at] = one;
    }
}

void finding_line(const struct finding *finding, struct buf *out) {
    buf_put_str(out, finding->file);
    if (finding->at.line > 0) {
        buf_printf(out, ":%u:%u", finding->at.line, finding->at.column);
    }
    buf_put_str(out, finding->warning ? ": warning: " : ": ");
    buf_put_str(out, finding->text);
}

void finding_done(struct finding_list *found) {
    free(found->list);
    arena_done(&found->arena);
    *found = (struct finding_list){0};
}
