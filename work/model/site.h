/* An endpoint while it is open: its place, its secret, one exchange with it, and what went wrong in words. */
#ifndef WORK_MODEL_SITE_H
#define WORK_MODEL_SITE_H

#include "base/http/http.h"
#include "work/model.h"
#include "work/model/place.h"

#define SITE_URL_MAX   (HTTP_URL_MAX + 32)
#define SITE_PLACE_MS  10000
#define SITE_WORDS_MAX 320
#define SITE_NS_PER_MS UINT64_C(1000000)

struct work_model {
    struct http *http;
    enum work_protocol protocol;
    bool off_box, keep;
    bool placed;
    char base[HTTP_URL_MAX]; /* without "/v1" */
    struct work_place place;
    char pin[MODEL_PIN_MAX];
    uint8_t *key; /* crypt_secret_new; NULL: none */
    size_t key_n;
};

/* Finds the place, until then in monotonic time, and makes sure that it may be used. ERR_NET: *ret_end says why not. Other
 * codes as work_model_place. */
int site_ready(struct work_model *site, const struct work_stop *stop, uint64_t until_ns, enum work_call_end *ret_end,
               struct err *err);
/* One exchange: `request` gets the pin, the secret and the stop of the site; *ret_end is what came of the connection, OK
 * with any status. ERR_NET and the codes of http_fetch, and of the request's callbacks. The site is ready. */
int site_fetch(struct work_model *site, struct http_request *request, const struct work_stop *stop, struct http_answer *ret,
               enum work_call_end *ret_end, struct err *err);
/* "", or ": " and what a server's answer, JSON or not, says in its member "error", "message" or "detail"; *ret_no_model: whether
 * it is about the model not being there. Safe to show, cut, masked. */
void site_words(const struct work_model *site, struct bytes body, char ret[SITE_WORDS_MAX], bool *ret_no_model);
/* "URL: words": masked, safe to show, cut. */
void site_why(const struct work_model *site, const char *url, const char *words, char ret[WORK_WHY_MAX]);
/* How a call ended that got this status, 200 not included. */
enum work_call_end site_status_end(unsigned status, bool no_model);
/* Milliseconds from now until then, at least 1; 0: it has passed. */
uint32_t site_left_ms(uint64_t until_ns);
/* Overwrites the secret wherever it is in a text. */
void site_mask(const struct work_model *site, uint8_t *p, size_t n);
void site_mask_text(const struct work_model *site, char *text);

#endif
