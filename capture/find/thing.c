/* The table, and what is common to its rows. */
#include "capture/find/thing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

static const struct find_thing things[] = {
#define THING(name, what, form, program, process, below, variable, source, more, command)                                  \
    {name, what, form, program, process, below, variable, source, more, command},
#include "capture/find/things.def"
#undef THING
};

size_t find_count(void) {
    return sizeof(things) / sizeof(things[0]);
}

const struct find_thing *find_at(size_t i) {
    return &things[i];
}

const struct find_thing *find_thing(const char *name) {
    for (size_t i = 0; i < find_count(); i++) {
        if (strcmp(things[i].name, name) == 0) return &things[i];
    }
    return NULL;
}

bool find_program(const char *(*env)(const char *name), const char *program) {
    const char *path = env("PATH");
    char file[FILE_PATH_MAX];
    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        if (path[0] == '/' && snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, program) < (int)sizeof(file) &&
            access(file, X_OK) == 0) {
            return true;
        }
        path += n + (path[n] == ':');
    }
    return false;
}

bool find_hub(const char *(*env)(const char *name), char ret[FILE_PATH_MAX]) {
    const char *cache = env("HF_HUB_CACHE"), *hf = env("HF_HOME"), *home = env("HOME");
    const char *base = cache != NULL ? cache : hf != NULL ? hf : home;
    const char *more = cache != NULL ? "" : hf != NULL ? "/hub" : "/.cache/huggingface/hub";
    return base != NULL && snprintf(ret, FILE_PATH_MAX, "%s%s", base, more) < FILE_PATH_MAX;
}

int find_add(struct find_list *list, const struct find_thing *thing, const char *by, struct find_found **ret,
             struct err *err) {
    if (list->n == FIND_MAX) return err_set(err, ERR_LIMIT, "more than %d things to record", FIND_MAX);
    int rc = array_room(&list->found, list->n + 1, &list->cap, sizeof(list->found[0]), err);
    if (rc != 0) return rc;
    struct find_found *f = &list->found[list->n++];
    *f = (struct find_found){.thing = thing, .by = by};
    snprintf(f->name, sizeof(f->name), "%s", thing->name);
    snprintf(f->command, sizeof(f->command), "%s", thing->command);
    *ret = f;
    return 0;
}

const char *find_by(const struct find_world *world, const struct find_thing *thing) {
    char path[FILE_PATH_MAX];
    if (thing->program[0] != '\0' && find_program(world->env, thing->program)) return "program";
    if (thing->below_home[0] != '\0' && file_join(path, world->home, thing->below_home, NULL) == 0 && file_exists(path)) {
        return "directory";
    }
    return thing->variable[0] != '\0' && world->env(thing->variable) != NULL ? "variable" : NULL;
}

void find_list_done(struct find_list *list) {
    free(list->found);
    *list = (struct find_list){0};
}

void find_lines(const struct find_found *found, struct buf *out) {
    buf_printf(out, "source = %s\n", found->thing->source);
    if (found->key != NULL && found->place[0] != '\0') {
        buf_printf(out, "%s = %s\n", found->key, found->place);
    }
    buf_put_str(out, found->thing->more);
}
