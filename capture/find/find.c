/* A look at names alone: PATH, the home, the environment. What a server serves is the doctor's question. */
#include "capture/find/find.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const struct find_thing things[] = {
#define THING(name_, what_, program_, below_, variable_, command_) {name_, what_, program_, below_, variable_, command_},
#include "capture/find/things.def"
#undef THING
};

size_t find_count(void) {
    return sizeof(things) / sizeof(things[0]);
}

const struct find_thing *find_at(size_t i) {
    return &things[i];
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

const char *find_by(const struct find_thing *thing, const char *(*env)(const char *name), const char *home) {
    char path[FILE_PATH_MAX];
    if (thing->program[0] != '\0' && find_program(env, thing->program)) return "program";
    if (thing->below_home[0] != '\0' && file_join(path, home, thing->below_home, NULL) == 0 && file_exists(path)) {
        return "directory";
    }
    return thing->variable[0] != '\0' && env(thing->variable) != NULL ? "variable" : NULL;
}
