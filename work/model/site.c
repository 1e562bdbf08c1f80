/* Every connection goes to the addresses that were found first: what was judged is what is used. */
#include "work/model/site.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/http/bearer.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define JSON_MAX ((size_t)1 << 20)

const char *work_call_end_name(enum work_call_end end) {
    static const char *const names[] = {
        [WORK_CALL_OK] = "ok",           [WORK_CALL_UNREACHABLE] = "unreachable",
        [WORK_CALL_REFUSED] = "refused", [WORK_CALL_TIMEOUT] = "timeout",
        [WORK_CALL_STATUS] = "status",   [WORK_CALL_BAD_ANSWER] = "bad_answer",
        [WORK_CALL_CUT] = "cut",         [WORK_CALL_TOO_LONG] = "too_long",
        [WORK_CALL_ERROR] = "error",     [WORK_CALL_NO_MODEL] = "no_model",
        [WORK_CALL_STOPPED] = "stopped", [WORK_CALL_OFF_BOX] = "off_box",
        [WORK_CALL_BUDGET] = "budget",
    };
    return names[end];
}

/* ---- open and close ---- */

int work_model_open(const struct work_endpoint *endpoint, struct work_model **ret, struct err *err) {
    struct work_model *m = calloc(1, sizeof(*m));
    if (m == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    m->protocol = endpoint->protocol;
    m->off_box = endpoint->off_box;
    m->keep = endpoint->keep;
    int rc = http_open("ledger", &m->http, err);
    if (rc == 0) rc = http_base(m->http, endpoint->url, m->base, err);
    if (rc == 0 && !model_place_read(m->base, &m->place)) {
        rc = err_set(err, ERR_INVALID, "the address has too long a host; expected: at most %d bytes", WORK_HOST_MAX - 1);
    }
    size_t n = rc == 0 ? strlen(m->base) : 0;
    if (m->protocol == WORK_OPENAI && n > 3 && strcmp(m->base + n - 3, "/v1") == 0) {
        m->base[n - 3] = '\0';
    }
    if (rc == 0 && endpoint->key_file != NULL) rc = bearer_read(endpoint->key_file, &m->key, &m->key_n, err);
    if (rc != 0) {
        work_model_close(m);
        return rc;
    }
    *ret = m;
    return 0;
}

void work_model_close(struct work_model *model) {
    if (model == NULL) return;
    http_close(model->http);
    crypt_secret_free(model->key);
    free(model);
}

static int find_place(struct work_model *site, const struct work_stop *stop, uint64_t until_ns, struct err *err) {
    if (site->placed) return 0;
    int rc = model_place_find(&site->place, stop, until_ns, err);
    if (rc != 0) return rc;
    if (site->key != NULL && !site->place.loopback && strncmp(site->base, "https:", 6) != 0) {
        site->place.addresses_n = 0;
        return err_set(err, ERR_INVALID, "%s: the key would leave this box in the clear; expected: https", site->base);
    }
    model_place_pin(&site->place, site->pin);
    site->placed = true;
    return 0;
}

int work_model_place(struct work_model *model, const struct work_stop *stop, struct work_place *ret, struct err *err) {
    int rc = find_place(model, stop, clock_monotonic_ns() + SITE_PLACE_MS * SITE_NS_PER_MS, err);
    if (rc == 0) *ret = model->place;
    return rc == ERR_NET ? err_prefix(err, "%s", model->base) : rc;
}

int site_ready(struct work_model *site, const struct work_stop *stop, uint64_t until_ns, enum work_call_end *ret_end,
               struct err *err) {
    int rc = find_place(site, stop, until_ns, err);
    if (rc == ERR_NET) {
        *ret_end = model_stopped(stop)                ? WORK_CALL_STOPPED
                   : clock_monotonic_ns() >= until_ns ? WORK_CALL_TIMEOUT
                                                      : WORK_CALL_UNREACHABLE;
    } else if (rc == 0 && !site->place.loopback && !site->off_box) {
        *ret_end = WORK_CALL_OFF_BOX;
        rc = err_set(err, ERR_NET, "'%s' is not on this box (%s), and nothing was sent; expected: network.egress for it",
                     site->place.host, site->place.addresses[0]);
    }
    return rc;
}

/* ---- an exchange ---- */

uint32_t site_left_ms(uint64_t until_ns) {
    uint64_t now = clock_monotonic_ns(), ms = now < until_ns ? (until_ns - now) / SITE_NS_PER_MS + 1 : 0;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static enum work_call_end end_of(const struct http_answer *answer) {
    switch (answer->fault) {
    case HTTP_NONE:
        return WORK_CALL_OK;
    case HTTP_REFUSED:
    case HTTP_TLS:
        return WORK_CALL_UNREACHABLE;
    case HTTP_TIMEOUT:
        return WORK_CALL_TIMEOUT;
    case HTTP_LIMIT:
        return WORK_CALL_TOO_LONG;
    case HTTP_REDIRECT:
        return WORK_CALL_STATUS;
    case HTTP_STOPPED:
        return WORK_CALL_STOPPED;
    case HTTP_PROTOCOL:
        return answer->cut ? WORK_CALL_CUT : WORK_CALL_BAD_ANSWER;
    }
    return WORK_CALL_BAD_ANSWER;
}

int site_fetch(struct work_model *site, struct http_request *request, const struct work_stop *stop, struct http_answer *ret,
               enum work_call_end *ret_end, struct err *err) {
    request->bearer = (struct bytes){site->key, site->key_n};
    request->pin = site->pin[0] != '\0' ? site->pin : NULL;
    request->fresh = !site->keep;
    request->drain = site->keep;
    request->stop = stop != NULL ? stop->flag : NULL;
    request->stop_fd = stop != NULL ? stop->fd : 0;
    int rc = http_fetch(site->http, request, ret, err);
    *ret_end = end_of(ret);
    return rc;
}

enum work_call_end site_status_end(unsigned status, bool no_model) {
    if (no_model) return WORK_CALL_NO_MODEL;
    return status == 401 || status == 403 || status == 429 ? WORK_CALL_REFUSED : WORK_CALL_STATUS;
}

/* ---- what a server says ---- */

void site_mask(const struct work_model *site, uint8_t *p, size_t n) {
    uint8_t *at;
    while (site->key_n > 0 && n >= site->key_n && (at = memmem(p, n, site->key, site->key_n)) != NULL) {
        memset(at, '*', site->key_n);
        n -= (size_t)(at - p) + site->key_n;
        p = at + site->key_n;
    }
}

void site_mask_text(const struct work_model *site, char *text) {
    site_mask(site, (uint8_t *)text, strlen(text));
}

static bool names_no_model(struct bytes code, struct bytes words) {
    static const char *const absent[] = {"not found", "does not exist", "not exist"};
    if (bytes_is(code, "model_not_found")) return true;
    bool about = words.n > 0 && memmem(words.p, words.n, "model", 5) != NULL;
    for (size_t i = 0; about && i < sizeof(absent) / sizeof(absent[0]); i++) {
        if (memmem(words.p, words.n, absent[i], strlen(absent[i])) != NULL) return true;
    }
    return false;
}

/* "error": text, or a map with a message; or a message or detail of its own. */
static struct bytes words_in(struct bytes map, struct bytes *ret_code) {
    struct bytes raw = {NULL, 0}, words = mp_get_text(map, "error");
    struct mp_reader r;
    struct mp_item head;
    *ret_code = mp_get_text(map, "code");
    if (words.n == 0 && mp_map_get(map, "error", &raw) == 0) {
        mp_reader_init(&r, raw);
        if (mp_take(&r, MP_MAP, &head)) {
            words = mp_get_text(raw, "message");
            *ret_code = mp_get_text(raw, "code");
        }
    }
    if (words.n == 0) words = mp_get_text(map, "message");
    return words.n > 0 ? words : mp_get_text(map, "detail");
}

void site_words(const struct work_model *site, struct bytes body, char ret[SITE_WORDS_MAX], bool *ret_no_model) {
    struct buf mp, safe;
    struct bytes code = {NULL, 0}, words = {NULL, 0};
    struct mp_reader r;
    struct mp_item head;
    buf_init(&mp, JSON_MAX);
    buf_init(&safe, (size_t)1 << 21);
    ret[0] = '\0';
    *ret_no_model = false;
    if (json_to_mp(body, &mp, NULL) == 0) {
        mp_reader_init(&r, bytes_of_buf(&mp));
        if (mp_take(&r, MP_MAP, &head)) words = words_in(bytes_of_buf(&mp), &code);
    }
    if (words.n > 0) {
        *ret_no_model = names_no_model(code, words);
        buf_put_bytes(&safe, words);
        site_mask(site, safe.p, safe.n); /* before it is cut */
        struct buf text = {.max = (size_t)1 << 22};
        text_safe(&text, bytes_of_buf(&safe));
        snprintf(ret, SITE_WORDS_MAX, ": %.*s", (int)(text.n < SITE_WORDS_MAX ? text.n : SITE_WORDS_MAX),
                 (const char *)text.p);
        ret[text_utf8_valid((const uint8_t *)ret, strlen(ret))] = '\0';
        buf_done(&text);
    }
    buf_done(&mp);
    buf_done(&safe);
}

void site_why(const struct work_model *site, const char *url, const char *words, char ret[WORK_WHY_MAX]) {
    struct buf text = {.max = (size_t)1 << 16}, safe = {.max = (size_t)1 << 18};
    buf_printf(&text, "%s: %s", url, words);
    site_mask(site, text.p, text.n);
    text_safe(&safe, bytes_of_buf(&text));
    size_t n = safe.n < WORK_WHY_MAX ? safe.n : WORK_WHY_MAX - 1;
    n = safe.n > 0 ? text_utf8_valid(safe.p, n) : 0;
    bytes_copy(ret, (struct bytes){safe.p, n});
    ret[n] = '\0';
    buf_done(&text);
    buf_done(&safe);
}
