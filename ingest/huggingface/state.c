/* The last look, kept in the ledger's cursors:
 *
 *   ingest/huggingface/<id>/looked   1
 *   ingest/huggingface/<id>/<page>   [1, generation, [[name, content bin 8] ...]]
 *
 * The id is derived from the directory. A cursor that does not parse ends the run: taken as empty, it would record every model
 * again. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "ingest/huggingface/huggingface.h"

#define CURSOR_MAX 4096
#define FORM       1
#define NAME_MAX_  96

static void cursor_name(char ret[NAME_MAX_], const char *id, const char *what) {
    snprintf(ret, NAME_MAX_, "ingest/huggingface/%s/%s", id, what);
}

static void page_name(char ret[NAME_MAX_], const char *id, size_t number) {
    char text[24];
    snprintf(text, sizeof(text), "%zu", number);
    cursor_name(ret, id, text);
}

size_t hf_page_of(const char *name) {
    uint8_t digest[HASH_LEN];
    const struct bytes text = bytes_of(name);
    hash_parts(digest, &text, 1);
    return digest[0] % HF_PAGES;
}

static bool read_seen(struct mp_reader *r, struct hf_seen *ret) {
    struct mp_item pair, name, content;
    if (mp_next(r, &pair, NULL) != 0 || pair.type != MP_ARRAY || pair.count != 2) return false;
    if (mp_next(r, &name, NULL) != 0 || name.type != MP_STR || name.data.n >= sizeof(ret->name)) return false;
    if (mp_next(r, &content, NULL) != 0 || content.type != MP_BIN || content.data.n != HF_SHORT) return false;
    bytes_copy(ret->name, name.data);
    ret->name[name.data.n] = '\0';
    memcpy(ret->content, content.data.p, HF_SHORT);
    ret->found = false;
    return true;
}

static bool parse(struct bytes value, struct hf_page *page) {
    struct mp_reader r;
    struct mp_item head, form, gen, list;
    mp_reader_init(&r, value);
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_ARRAY || head.count != 3) return false;
    if (mp_next(&r, &form, NULL) != 0 || form.type != MP_UINT || form.uint != FORM) return false;
    if (mp_next(&r, &gen, NULL) != 0 || gen.type != MP_UINT) return false;
    if (mp_next(&r, &list, NULL) != 0 || list.type != MP_ARRAY || list.count > HF_PAGES) return false;
    page->gen = gen.uint;
    for (page->n = 0; page->n < list.count; page->n++) {
        if (!read_seen(&r, &page->seen[page->n])) return false;
    }
    return true;
}

int hf_page_load(struct intake *run, const char *id, size_t number, struct hf_page *ret, struct err *err) {
    char name[NAME_MAX_];
    struct buf value = {.max = CURSOR_MAX};
    bool there = false;
    page_name(name, id, number);
    memset(ret, 0, sizeof(*ret));
    int rc = intake_cursor_get(run, name, &value, &there, err);
    if (rc == 0 && there && !parse(bytes_of_buf(&value), ret)) {
        rc = err_set(err, ERR_CORRUPT, "the stored cursor '%s' does not parse", name);
    }
    buf_done(&value);
    return rc;
}

int hf_page_store(struct intake *run, const char *id, size_t number, const struct hf_page *page, struct err *err) {
    char name[NAME_MAX_];
    struct buf value = {.max = CURSOR_MAX};
    page_name(name, id, number);
    mp_put_array(&value, 3);
    mp_put_uint(&value, FORM);
    mp_put_uint(&value, page->gen);
    mp_put_array(&value, (uint32_t)page->n);
    for (size_t i = 0; i < page->n; i++) {
        mp_put_array(&value, 2);
        mp_put_text(&value, page->seen[i].name);
        mp_put_bin(&value, (struct bytes){page->seen[i].content, HF_SHORT});
    }
    int rc = buf_check(&value, "the cursor", err);
    if (rc == 0) rc = intake_cursor(run, name, bytes_of_buf(&value), err);
    if (rc == 0) rc = intake_flush(run, err);
    buf_done(&value);
    return rc;
}

int hf_looked(struct intake *run, const char *id, bool *ret, struct err *err) {
    char name[NAME_MAX_];
    struct buf value = {.max = CURSOR_MAX};
    cursor_name(name, id, "looked");
    int rc = intake_cursor_get(run, name, &value, ret, err);
    buf_done(&value);
    return rc;
}

int hf_look(struct intake *run, const char *id, struct err *err) {
    static const uint8_t one[] = {1};
    char name[NAME_MAX_];
    cursor_name(name, id, "looked");
    int rc = intake_cursor(run, name, (struct bytes){one, 1}, err);
    return rc == 0 ? intake_flush(run, err) : rc;
}
