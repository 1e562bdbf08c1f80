/* {"version":1,"applied":..,"created":..,"nonce":..,"path":..,"otlp":..,"before":HEX,"after":HEX,
 *  "agent":..,"form":"json|jsonc|toml|file|mcp-..","server":..,"mark":..,"command":..,"hooks":N,
 *  "made":["hooks",..],"splices":[[AT,"bytes"],[FROM,TO,N],..]}
 *
 * The second line is for the doctor. It is missing in what earlier versions wrote. */
#include "capture/setup/record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"

static int path_of(const struct setup_world *world, const char *id, char ret[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX], name[128];
    snprintf(name, sizeof(name), "%s.json", id);
    int rc = file_join(dir, world->dir, "setup", err);
    return rc == 0 ? file_join(ret, dir, name, err) : rc;
}

void setup_record_done(struct setup_record *r) {
    edit_done(&r->edit);
}

bool setup_record_made(const struct setup_record *r, const char *path) {
    for (size_t i = 0; i < r->n_made; i++) {
        if (strcmp(r->made[i], path) == 0) return true;
    }
    return false;
}

static bool take_text(struct bytes map, const char *name, char *ret, size_t cap) {
    struct bytes text = mp_get_text(map, name);
    return snprintf(ret, cap, "%.*s", (int)text.n, (const char *)text.p) < (int)cap;
}

static bool take_flag(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_item item;
    return mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_BOOL && item.boolean;
}

static int decode_lists(struct bytes map, struct setup_record *ret) {
    struct mp_reader r;
    struct mp_item head, item;
    struct bytes raw;
    if (mp_map_get(map, "made", &raw) != 0) return ERR_INVALID;
    mp_reader_init(&r, raw);
    if (!mp_take(&r, MP_ARRAY, &head) || head.count > SETUP_MADE_MAX) return ERR_INVALID;
    for (ret->n_made = 0; ret->n_made < head.count; ret->n_made++) {
        if (!mp_take(&r, MP_STR, &item) || item.data.n >= sizeof(ret->made[0])) return ERR_INVALID;
        bytes_copy(ret->made[ret->n_made], item.data);
    }
    if (mp_map_get(map, "splices", &raw) != 0) return ERR_INVALID;
    mp_reader_init(&r, raw);
    if (!mp_take(&r, MP_ARRAY, &head) || head.count > EDIT_SPLICES_MAX) return ERR_INVALID;
    for (uint32_t i = 0, splices = head.count; i < splices; i++) {
        uint64_t at, to, n;
        int rc = ERR_INVALID;
        if (!mp_take(&r, MP_ARRAY, &head) || !mp_take_uint(&r, EDIT_TEXT_MAX, &at)) return ERR_INVALID;
        if (head.count == 2 && mp_take(&r, MP_STR, &item)) {
            rc = edit_note(&ret->edit, (size_t)at, item.data, NULL);
        } else if (head.count == 3 && mp_take_uint(&r, EDIT_TEXT_MAX, &to) && mp_take_uint(&r, EDIT_TEXT_MAX, &n)) {
            rc = edit_note_move(&ret->edit, (size_t)at, (size_t)n, (size_t)to, NULL);
        }
        if (rc != 0) return ERR_INVALID;
    }
    return 0;
}

static const char *form_of(struct bytes name) {
    static const char *const forms[] = {"json", "jsonc", "toml", "file", "mcp-json", "mcp-jsonc", "mcp-toml"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (bytes_is(name, forms[i])) return forms[i];
    }
    return NULL;
}

/* What the doctor goes by; it is kept when the record is written again. */
static bool decode_hooks(struct bytes map, struct setup_record *ret) {
    uint64_t hooks = mp_get_uint(map, "hooks", 0);
    ret->form = form_of(mp_get_text(map, "form"));
    ret->hooks = hooks < EDIT_TEXT_MAX ? (size_t)hooks : 0;
    return take_text(map, "agent", ret->agent, sizeof(ret->agent)) &&
           take_text(map, "server", ret->server, sizeof(ret->server)) &&
           take_text(map, "mark", ret->mark, sizeof(ret->mark)) &&
           take_text(map, "command", ret->command, sizeof(ret->command));
}

static int decode(struct bytes map, struct setup_record *ret) {
    ret->applied = take_flag(map, "applied");
    ret->created = take_flag(map, "created");
    bool good = mp_get_uint(map, "version", 0) == 1 && take_text(map, "nonce", ret->nonce, sizeof(ret->nonce)) &&
                take_text(map, "path", ret->path, sizeof(ret->path)) &&
                take_text(map, "otlp", ret->otlp, sizeof(ret->otlp)) &&
                text_unhex(ret->before, HASH_LEN, mp_get_text(map, "before")) == 0 &&
                text_unhex(ret->after, HASH_LEN, mp_get_text(map, "after")) == 0;
    return good && decode_hooks(map, ret) ? decode_lists(map, ret) : ERR_INVALID;
}

int setup_record_read(const struct setup_world *world, const char *id, struct setup_record *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = 4 * EDIT_TEXT_MAX}, map = {.max = 8 * EDIT_TEXT_MAX};
    memset(ret, 0, sizeof(*ret));
    int rc = edit_init(&ret->edit, (struct bytes){NULL, 0}, err);
    if (rc == 0) rc = path_of(world, id, path, err);
    if (rc == 0) rc = file_read_regular(path, &text, err);
    if (rc == 0) {
        struct err why = {0};
        rc = json_to_mp(bytes_of_buf(&text), &map, &why);
        if (rc == 0) rc = decode(bytes_of_buf(&map), ret);
        if (rc != 0) rc = err_set(err, ERR_CORRUPT, "'%s' is not a record of setup", path);
    }
    buf_done(&text);
    buf_done(&map);
    return rc;
}

int setup_record_write(const struct setup_world *world, const char *id, const struct setup_record *r, struct err *err) {
    char path[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    struct obj obj = {0}, made = {0}, splices = {0};
    struct buf text = {.max = 4 * EDIT_TEXT_MAX};
    obj_uint(&obj, "version", 1);
    obj_bool(&obj, "applied", r->applied);
    obj_bool(&obj, "created", r->created);
    obj_text(&obj, "nonce", r->nonce);
    obj_text(&obj, "path", r->path);
    obj_text(&obj, "otlp", r->otlp);
    obj_hex(&obj, "before", r->before, HASH_LEN);
    obj_hex(&obj, "after", r->after, HASH_LEN);
    if (r->form != NULL) {
        obj_text(&obj, "agent", r->agent);
        obj_text(&obj, "form", r->form);
        if (r->server[0] != '\0') {
            obj_text(&obj, "server", r->server);
        }
        obj_text(&obj, "mark", r->mark);
        obj_text(&obj, "command", r->command);
        obj_uint(&obj, "hooks", r->hooks);
    }
    for (size_t i = 0; i < r->n_made; i++) {
        obj_text(&made, NULL, r->made[i]);
    }
    obj_list(&obj, "made", &made);
    for (size_t i = 0; i < r->edit.n; i++) {
        const struct edit_splice *s = &r->edit.splices[i];
        struct obj pair = {0};
        obj_uint(&pair, NULL, s->moved ? s->from : s->at);
        if (s->moved) {
            obj_uint(&pair, NULL, s->at);
            obj_uint(&pair, NULL, s->n);
        } else {
            obj_str(&pair, NULL, (struct bytes){r->edit.inserted.p + s->from, s->n});
        }
        obj_list(&splices, NULL, &pair);
    }
    obj_list(&obj, "splices", &splices);
    int rc = obj_json(&obj, JSON_PRETTY, &text, err);
    if (rc == 0) rc = file_join(dir, world->dir, "setup", err);
    if (rc == 0) rc = file_make_dirs(dir, err);
    if (rc == 0) rc = path_of(world, id, path, err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&text), 0600, err);
    obj_done(&obj);
    buf_done(&text);
    return rc;
}

int setup_record_each(const struct setup_world *world, setup_record_fn *each, void *ctx, struct err *err) {
    struct setup_record *record = calloc(1, sizeof(*record));
    const struct dirent *entry;
    char path[FILE_PATH_MAX], id[300];
    int rc = record != NULL ? file_join(path, world->dir, "setup", err) : err_set(err, ERR_NOMEM, "out of memory");
    DIR *records = rc == 0 ? opendir(path) : NULL; /* none: nothing was connected yet */
    while (records != NULL && rc == 0 && (entry = readdir(records)) != NULL) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".json") != 0 || entry->d_name[0] == '.') continue;
        snprintf(id, sizeof(id), "%.*s", (int)(end - entry->d_name), entry->d_name);
        if (setup_record_read(world, id, record, NULL) == 0) rc = each(ctx, record, err);
        setup_record_done(record);
    }
    if (records != NULL) {
        closedir(records);
    }
    free(record);
    return rc;
}

int setup_record_drop(const struct setup_world *world, const char *id, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = path_of(world, id, path, err);
    if (rc != 0) return rc;
    if (unlink(path) != 0 && file_exists(path)) return err_set(err, ERR_IO, "'%s' cannot be removed", path);
    return file_sync_parent(path, err);
}
