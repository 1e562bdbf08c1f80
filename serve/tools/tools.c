/* Every text of a client becomes the value of an option, --NAME=TEXT, or a word behind "--": none can become an option. */
#include "serve/tools/tools.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/obj.h"
#include "base/rpc/message.h"
#include "base/text.h"

#define LAST_DEFAULT "--last=20"
#define LAST_MAX     500
#define ROOM_MAX     ((size_t)1 << 20)

enum how { OPTION, WORD, NEEDED_WORD, LIST, COUNT, FLAG };

struct row {
    const char *tool; /* NULL: an argument of the tool above */
    const char *name, *title, *about;
    enum how how;
};

static const struct row rows[] = {
#define TOOL(name_, command_, title_, about_) {command_, name_, title_, about_, WORD},
#define ARG(name_, how_, option_, about_)     {NULL, name_, option_, about_, how_},
#include "serve/tools/tools.def"
#undef TOOL
#undef ARG
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void put_argument(const struct row *r, struct obj *properties, struct obj *needed) {
    struct obj one = {0};
    if (r->how == LIST) {
        struct obj types = {0}, items = {0};
        obj_text(&types, NULL, "string");
        obj_text(&types, NULL, "array");
        obj_list(&one, "type", &types);
        obj_text(&items, "type", "string");
        obj_obj(&one, "items", &items);
    } else if (r->how == NEEDED_WORD) {
        struct obj types = {0};
        obj_text(&types, NULL, "string");
        obj_text(&types, NULL, "integer");
        obj_list(&one, "type", &types);
    } else {
        obj_text(&one, "type", r->how == COUNT ? "integer" : r->how == FLAG ? "boolean" : "string");
    }
    if (r->how == COUNT) {
        obj_uint(&one, "minimum", 1);
        obj_uint(&one, "maximum", LAST_MAX);
    }
    obj_text(&one, "description", r->about);
    obj_obj(properties, r->name, &one);
    if (r->how == NEEDED_WORD) obj_text(needed, NULL, r->name);
}

/* Appends the schema of the tool whose row is this one, and a NUL. */
static void put_schema(size_t row, struct buf *room) {
    struct obj schema = {0}, properties = {0}, needed = {0};
    for (size_t i = row + 1; i < N_ROWS && rows[i].tool == NULL; i++) {
        put_argument(&rows[i], &properties, &needed);
    }
    obj_text(&schema, "type", "object");
    obj_obj(&schema, "properties", &properties);
    obj_list(&schema, "required", &needed);
    obj_bool(&schema, "additionalProperties", false);
    (void)obj_json(&schema, JSON_LINE, room, NULL);
    obj_done(&schema);
    buf_put_u8(room, '\0');
}

size_t tools_all(struct mcp_tool ret[TOOLS_MAX], struct buf *room) {
    size_t n = 0, at[TOOLS_MAX];
    buf_init(room, ROOM_MAX);
    for (size_t i = 0; i < N_ROWS && n < TOOLS_MAX; i++) {
        if (rows[i].tool == NULL) continue;
        at[n] = room->n;
        put_schema(i, room);
        ret[n++] = (struct mcp_tool){.name = rows[i].name, .title = rows[i].title, .about = rows[i].about};
    }
    for (size_t i = 0; i < n && room->fail == 0; i++) {
        ret[i].schema = (const char *)room->p + at[i];
    }
    return room->fail == 0 ? n : 0;
}

/* ---- a call ---- */

static const struct row *row_of(size_t tool) {
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].tool != NULL && n++ == tool) return &rows[i];
    }
    return NULL;
}

static int wrong(const struct row *r, const char *expected, struct err *err) {
    return err_set(err, ERR_INVALID, "argument '%s' is not %s", r->name, expected);
}

/* A word: behind "--", with nothing in it that would end it. */
static int put_word(const struct row *r, const struct mp_item *item, struct guest_words *words, struct err *err) {
    char text[1024];
    if (item->type == MP_UINT && r->how == NEEDED_WORD) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)item->uint);
    } else if (item->type != MP_STR) {
        return wrong(r, r->how == LIST ? "a text or a list of texts" : "a text", err);
    } else if (item->data.n == 0 || item->data.n >= sizeof(text) || memchr(item->data.p, '\0', item->data.n) != NULL) {
        return wrong(r, "a text of 1 to 1023 bytes without NUL", err);
    } else {
        snprintf(text, sizeof(text), "%.*s", (int)item->data.n, (const char *)item->data.p);
    }
    return guest_word(words, text, err);
}

static int put_words(const struct row *r, struct bytes raw, struct guest_words *words, struct err *err) {
    struct mp_reader reader;
    struct mp_item item;
    mp_reader_init(&reader, raw);
    int rc = mp_next(&reader, &item, err);
    uint32_t n = rc == 0 && item.type == MP_ARRAY && r->how == LIST ? item.count : 0;
    if (rc == 0 && n == 0) return put_word(r, &item, words, err);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = mp_next(&reader, &item, err);
        if (rc == 0) rc = put_word(r, &item, words, err);
    }
    return rc;
}

static int put_option(const struct row *r, struct bytes raw, struct guest_words *words, struct err *err) {
    struct mp_reader reader;
    struct mp_item item;
    char digits[32];
    mp_reader_init(&reader, raw);
    int rc = mp_next(&reader, &item, err);
    if (rc != 0) return rc;
    if (r->how == FLAG) {
        if (item.type != MP_BOOL) return wrong(r, "true or false", err);
        snprintf(digits, sizeof(digits), "--%s", r->title);
        return item.boolean ? guest_word(words, digits, err) : 0;
    }
    if (r->how == COUNT) {
        if (item.type != MP_UINT || item.uint < 1 || item.uint > LAST_MAX) return wrong(r, "an integer from 1 to 500", err);
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)item.uint);
        return guest_option(words, r->title, bytes_of(digits), err);
    }
    if (item.type != MP_STR || item.data.n == 0) return wrong(r, "a text", err);
    return guest_option(words, r->title, item.data, err);
}

/* Names that no argument has. */
static int check_names(const struct row *tool, struct bytes arguments, struct err *err) {
    struct mp_reader reader;
    struct mp_item map, name;
    mp_reader_init(&reader, arguments);
    int rc = mp_next(&reader, &map, err);
    for (uint32_t i = 0; rc == 0 && i < map.count; i++) {
        bool known = false;
        struct text_near near = {0};
        char shown[64];
        rc = mp_next(&reader, &name, err);
        if (rc == 0) rc = mp_skip(&reader, 1, NULL, err);
        if (rc != 0) break;
        snprintf(shown, sizeof(shown), "%.*s", (int)(name.data.n < 40 ? name.data.n : 40), (const char *)name.data.p);
        near.text = shown;
        for (const struct row *r = tool + 1; r < rows + N_ROWS && r->tool == NULL; r++) {
            known = known || bytes_is(name.data, r->name);
            text_near_offer(&near, r->name);
        }
        if (!known)
            return err_set(err, ERR_INVALID, "'%s' has no argument '%s'%s", tool->name, shown, text_near_words(&near));
    }
    return rc;
}

/* What a person would say by hand is said here: how much of it, and that nothing is looked at. */
static int put_fixed(const struct row *tool, struct bytes arguments, struct guest_words *words, struct err *err) {
    bool query = strcmp(tool->name, "query") == 0, doctor = strcmp(tool->name, "doctor") == 0;
    bool sql = rpc_member(arguments, "sql").n > 0, by = rpc_member(arguments, "by").n > 0;
    bool at = rpc_member(arguments, "at").n > 0;
    bool last = rpc_member(arguments, "last").n > 0 || rpc_member(arguments, "first").n > 0;
    if (query && !sql && !by && !last) return guest_word(words, LAST_DEFAULT, err);
    return doctor && !at ? guest_word(words, "--no-probe", err) : 0;
}

int tools_command(size_t tool, struct bytes arguments, struct guest_words *words, struct err *err) {
    const struct row *t = row_of(tool), *end = rows + N_ROWS;
    int rc = check_names(t, arguments, err);
    if (rc == 0) rc = guest_word(words, t->tool, err);
    if (rc == 0) rc = put_fixed(t, arguments, words, err);
    for (int words_too = 0; rc == 0 && words_too < 2; words_too++) {
        bool ended = false; /* the options are */
        for (const struct row *r = t + 1; rc == 0 && r < end && r->tool == NULL; r++) {
            bool is_word = r->how == WORD || r->how == NEEDED_WORD || r->how == LIST;
            struct bytes raw = rpc_member(arguments, r->name);
            if (is_word != (words_too == 1)) continue;
            if (raw.n == 0) {
                if (r->how == NEEDED_WORD)
                    rc = err_set(err, ERR_INVALID, "argument '%s' is missing; expected %s", r->name, r->about);
                continue;
            }
            if (is_word && !ended) rc = guest_word(words, "--", err);
            ended = ended || is_word;
            if (rc == 0) rc = is_word ? put_words(r, raw, words, err) : put_option(r, raw, words, err);
        }
    }
    return rc;
}

/* ---- arguments as texts ---- */

size_t tools_find(const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].tool == NULL) continue;
        if (strcmp(rows[i].name, name) == 0) return n;
        n++;
    }
    return SIZE_MAX;
}

bool tools_next_argument(size_t tool, size_t *at, struct tools_argument *ret) {
    const struct row *r = row_of(tool) + 1 + *at;
    if (r >= rows + N_ROWS || r->tool != NULL) return false;
    *ret = (struct tools_argument){.name = r->name,
                                   .about = r->about,
                                   .type = r->how == COUNT  ? "integer"
                                           : r->how == FLAG ? "boolean"
                                                            : "string",
                                   .repeats = r->how == LIST,
                                   .needed = r->how == NEEDED_WORD};
    (*at)++;
    return true;
}

/* One argument of a map: all texts of its name. */
static int put_texts(const struct row *r, const struct tools_text *texts, size_t n, struct obj *map, struct err *err) {
    struct obj list = {0};
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t number = 0;
        if (strcmp(texts[i].name, r->name) != 0) continue;
        if (found++ > 0 && r->how != LIST) return err_set(err, ERR_INVALID, "argument '%s' is given twice", r->name);
        if (r->how == LIST) {
            obj_str(&list, NULL, texts[i].value);
        } else if (r->how == COUNT) {
            if (text_parse_u64(texts[i].value, &number) != 0) return wrong(r, "an integer from 1 to 500", err);
            obj_uint(map, r->name, number);
        } else if (r->how == FLAG) {
            bool yes = bytes_is(texts[i].value, "true");
            if (!yes && !bytes_is(texts[i].value, "false")) return wrong(r, "true or false", err);
            obj_bool(map, r->name, yes);
        } else {
            obj_str(map, r->name, texts[i].value);
        }
    }
    if (list.n > 0) {
        obj_list(map, r->name, &list);
    }
    return 0;
}

int tools_from_texts(size_t tool, const struct tools_text *texts, size_t n, struct buf *ret, struct err *err) {
    const struct row *t = row_of(tool);
    struct obj map = {0};
    struct buf json = {.max = ROOM_MAX};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) { /* names that no argument has are for tools_command to refuse */
        bool known = false;
        for (const struct row *r = t + 1; r < rows + N_ROWS && r->tool == NULL; r++) {
            known = known || strcmp(r->name, texts[i].name) == 0;
        }
        if (!known) obj_str(&map, texts[i].name, texts[i].value);
    }
    for (const struct row *r = t + 1; rc == 0 && r < rows + N_ROWS && r->tool == NULL; r++) {
        rc = put_texts(r, texts, n, &map, err);
    }
    if (rc == 0) rc = obj_json(&map, JSON_LINE, &json, err);
    if (rc == 0) rc = json_to_mp(bytes_of_buf(&json), ret, err);
    obj_done(&map);
    buf_done(&json);
    return rc;
}
