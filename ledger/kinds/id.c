/* Recognizes ids by shape and by place. The shape alone is not enough, because a card number in a sentence can have it too;
 * the place alone is not either, because a text field can hold anything. */
#include "ledger/kinds/id.h"

#include <string.h>

enum { ID_LEN = 16, NAME_MAX_ = 32 };

bool kind_is_id(struct bytes text) {
    bool good = text.n == ID_LEN;
    for (size_t i = 0; good && i < ID_LEN; i++) {
        good = (text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f');
    }
    return good;
}

bool kind_ends_in_id(struct bytes text) {
    return text.n >= ID_LEN && kind_is_id((struct bytes){text.p + text.n - ID_LEN, ID_LEN});
}

static bool holds_ids(const struct kind *kind, struct bytes name) {
    const struct kind_field *field = kind == NULL ? NULL : kind_field_find(kind, name);
    return field != NULL && (field->flags & KIND_ID) != 0;
}

bool kind_id_in_field(const struct kind_index *index, struct bytes name, struct bytes text) {
    return index != NULL && kind_is_id(text) && holds_ids(index->kind, name);
}

static bool is_id_behind(struct bytes subject, struct bytes prefix) {
    return subject.n == prefix.n + ID_LEN && memcmp(subject.p, prefix.p, prefix.n) == 0 &&
           kind_is_id((struct bytes){subject.p + prefix.n, ID_LEN});
}

bool kind_id_in_subject(const struct kind_index *index, struct bytes subject) {
    bool found = is_id_behind(subject, bytes_of("run/"));
    for (size_t i = 0; index != NULL && i < index->n_forms && !found; i++) {
        const struct kind_form *form = &index->forms[i];
        bool id = form->text.n == form->prefix.n + strlen("<id>") && memcmp(form->text.p + form->prefix.n, "<id>", 4) == 0;
        found = id && is_id_behind(subject, form->prefix);
    }
    return found;
}

/* The name before `at`, where the value of {"name":"value"} begins; empty when there is none. */
static struct bytes name_before(struct bytes json, size_t at) {
    size_t end = at < 3 || memcmp(json.p + at - 3, "\":\"", 3) != 0 ? 0 : at - 3, begin = end;
    while (begin > 0 && end - begin < NAME_MAX_ && json.p[begin - 1] != '"') {
        begin--;
    }
    return begin > 0 && json.p[begin - 1] == '"' ? (struct bytes){json.p + begin, end - begin} : (struct bytes){NULL, 0};
}

bool kind_id_in_json(struct bytes json, const struct secret_hit *hit) {
    struct bytes name = name_before(json, hit->at);
    bool id = name.n > 0 && kind_is_id((struct bytes){json.p + hit->at, hit->n}) && hit->at + hit->n < json.n &&
              json.p[hit->at + hit->n] == '"';
    bool named = id && bytes_is(name, "run");
    for (size_t i = 0; id && !named && i < kind_count(); i++) {
        named = holds_ids(kind_at(i), name);
    }
    return named;
}
