/* Words are read first and all of them, then files are looked at: a wrong word costs no copy. */
#include "packs/run/given.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "work/process.h"

#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

/* ---- paths ------------------------------------------------------------------------------------------------------------ */

/* Without "." and doubled slashes; *ret begins with '/' when the path does. */
static int tidy(const char *path, char ret[FILE_PATH_MAX], struct err *err) {
    size_t n = 0;
    if (strlen(path) >= FILE_PATH_MAX) return err_set(err, ERR_INVALID, "is longer than %d bytes", FILE_PATH_MAX - 1);
    ret[0] = '\0';
    for (const char *at = path; *at != '\0';) {
        size_t part = strcspn(at, "/");
        bool dot = part == 1 && at[0] == '.';
        if (part == 2 && at[0] == '.' && at[1] == '.') {
            return err_set(err, ERR_INVALID, "has '..', expected a path without it");
        }
        if (part > 0 && !dot) {
            if (n > 0 || path[0] == '/') {
                ret[n++] = '/';
            }
            memcpy(ret + n, at, part);
            n += part;
            ret[n] = '\0';
        }
        at += part + (at[part] == '/');
    }
    return n > 0 ? 0 : err_set(err, ERR_INVALID, "names no file");
}

int given_scope(int workspace, const char *path, char ret[FILE_PATH_MAX], struct err *err) {
    char self[32], root[FILE_PATH_MAX];
    int rc = tidy(path, ret, err);
    if (rc != 0 || ret[0] != '/') return rc;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", workspace);
    ssize_t n = readlink(self, root, sizeof(root) - 1);
    if (n > 1 && strncmp(ret, root, (size_t)n) == 0 && ret[n] == '/') {
        memmove(ret, ret + n + 1, strlen(ret + n + 1) + 1);
    }
    return 0;
}

int given_open(int workspace, const char *scope, int *ret, struct err *err) {
    if (scope[0] != '/') return work_open_beneath(workspace, scope, ret, err);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return err_set(err, ERR_IO, "'/' cannot be opened");
    int rc = work_open_beneath(root, scope + 1, ret, err);
    close(root);
    return rc;
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

/* A number as JSON writes it. */
static bool is_number(const char *text) {
    const char *at = text + (text[0] == '-');
    size_t n = strspn(at, "0123456789");
    if (n == 0 || (n > 1 && at[0] == '0')) return false;
    at += n;
    if (at[0] == '.') {
        n = strspn(at + 1, "0123456789");
        if (n == 0) return false;
        at += n + 1;
    }
    if (at[0] == 'e' || at[0] == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        n = strspn(at, "0123456789");
        if (n == 0) return false;
        at += n;
    }
    return at[0] == '\0';
}

static int check_text(const struct manifest_input *input, const char *value, struct err *err) {
    size_t n = strlen(value);
    if (text_utf8_valid((const uint8_t *)value, n) != n) {
        return err_set(err, ERR_INVALID, "input '%.*s' is not valid UTF-8", S(input->name));
    }
    if (input->size_max > 0 && n > input->size_max) {
        return err_set(err, ERR_INVALID, "input '%.*s' has %zu bytes, expected at most %llu", S(input->name), n,
                       (unsigned long long)input->size_max);
    }
    return 0;
}

static int check_value(struct given *given, int workspace, struct err *err) {
    const struct manifest_input *input = given->input;
    const char *value = given->value;
    int rc = 0;
    if (given->file) {
        rc = given_scope(workspace, value, given->path, err);
        if (rc != 0) err_prefix(err, "input '%.*s': '%.200s'", S(input->name), value);
    } else if (bytes_is(input->type, "number") && !is_number(value)) {
        rc = err_set(err, ERR_INVALID, "input '%.*s': '%.100s' is not a number", S(input->name), value);
    } else if (bytes_is(input->type, "boolean") && strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        rc = err_set(err, ERR_INVALID, "input '%.*s': '%.100s' is not a boolean, expected true or false", S(input->name),
                     value);
    } else if (bytes_is(input->type, "text")) {
        rc = check_text(input, value, err);
    }
    return rc;
}

static struct given *find(const struct given_list *list, struct bytes name) {
    for (size_t i = 0; i < list->n; i++) {
        if (bytes_eq(list->items[i].input->name, name)) return &list->items[i];
    }
    return NULL;
}

const struct given *given_find(const struct given_list *list, struct bytes name) {
    return find(list, name);
}

bool given_allows(const struct given_list *list, const struct manifest_when *when) {
    const struct given *given = find(list, when->name);
    bool there = given != NULL && given->value != NULL;
    return when->condition == MANIFEST_GIVEN ? there : when->condition == MANIFEST_MISSING ? !there : true;
}

bool given_feeds(const struct given_list *list, const struct manifest_step *step) {
    struct manifest_when when = {0};
    (void)manifest_when(step->when, &when); /* it was checked when the manifest was read */
    bool feeds = given_allows(list, &when);
    for (size_t i = 0; i < step->inputs.n; i++) {
        const struct given *given = find(list, step->inputs.items[i]);
        feeds = feeds && (given == NULL || given->value != NULL);
    }
    return feeds;
}

static int read_word(struct given_list *list, const char *word, struct err *err) {
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word) {
        return err_set(err, ERR_INVALID, "'%.200s' is not an input, expected NAME=VALUE", word);
    }
    const struct bytes name = {(const uint8_t *)word, (size_t)(equals - word)};
    struct given *given = find(list, name);
    if (given == NULL) {
        char text[128];
        struct text_near near = {.text = text};
        (void)snprintf(text, sizeof(text), "%.*s", S(name));
        for (size_t i = 0; i < list->n; i++) {
            text_near_offer(&near, (const char *)list->items[i].input->name.p);
        }
        return err_set(err, ERR_INVALID, "the pack has no input '%s'%s", text, text_near_words(&near));
    }
    if (given->value != NULL) return err_set(err, ERR_INVALID, "input '%.*s' is given twice", S(name));
    given->value = equals + 1;
    return 0;
}

int given_read(const struct manifest_pack *pack, const char *const *words, size_t n, int workspace, struct given_list *ret,
               struct err *err) {
    int rc = 0;
    *ret = (struct given_list){.items = calloc(pack->inputs.n + 1, sizeof(struct given))};
    if (ret->items == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (; ret->n < pack->inputs.n; ret->n++) {
        const struct manifest_input *input = &pack->inputs.items[ret->n];
        ret->items[ret->n].input = input;
        ret->items[ret->n].file = bytes_is(input->type, "file");
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = read_word(ret, words[i], err);
    }
    for (size_t i = 0; rc == 0 && i < ret->n; i++) {
        struct given *given = &ret->items[i];
        if (given->value != NULL) {
            rc = check_value(given, workspace, err);
        } else if (given->input->required) {
            const struct bytes help = given->input->help;
            rc = err_set(err, ERR_INVALID, "input '%.*s' is required, expected %.*s=%s%s%.*s", S(given->input->name),
                         S(given->input->name), given->file ? "FILE" : "VALUE", help.n > 0 ? ": " : "", S(help));
        }
    }
    return rc;
}

void given_done(struct given_list *list) {
    free(list->items);
    *list = (struct given_list){0};
}

int given_copy(struct given_list *list, int workspace, const struct own *own, const struct place *place,
               const volatile int *stop, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        struct given *given = &list->items[i];
        int fd = -1;
        if (given->value == NULL || !given->file) continue;
        struct place_source source = {.max = given->input->size_max > 0 ? given->input->size_max : GIVEN_FILE_MAX,
                                      .stop = stop};
        rc = given_open(workspace, given->path, &fd, err);
        rc = rc == ERR_NOTFOUND ? ERR_INVALID : rc; /* the person's word is wrong */
        source.fd = fd;
        if (rc == 0) rc = own_check(own, fd, err);
        if (rc == 0) rc = place_copy(&source, place->in, (const char *)given->input->name.p, &given->copy, err);
        if (rc != 0) err_prefix(err, "input '%.*s': '%.200s'", S(given->input->name), given->path);
        if (fd >= 0) close(fd);
    }
    return rc;
}
