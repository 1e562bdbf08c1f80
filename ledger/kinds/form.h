/* Inside the catalog: the forms that a kind accepts for its subjects, "package/<manager>/<name>", and which part of a
 * subject a field of the body repeats. */
#ifndef LEDGER_KINDS_FORM_H
#define LEDGER_KINDS_FORM_H

#include "ledger/kinds/kind.h"

enum kind_part { KIND_PART_NAME, KIND_PART_DIGEST, KIND_PART_SEQ };

/* One form of a subject. */
struct kind_form {
    struct bytes text, prefix; /* "package/" */
    unsigned parts;            /* after it */
    enum kind_part last;
};

#define KIND_FORMS_MAX 4

/* Reads "pack/<name>, tool/<name> or server/<name>", which is borrowed; returns the number of forms. */
size_t kind_forms_read(const char *subject, struct kind_form ret[KIND_FORMS_MAX]);
/* Whether the subject has this form: every part is present; the last one may contain slashes. */
bool kind_form_has(const struct kind_form *form, struct bytes subject);
/* The text before the first slash; empty when there is none. */
struct bytes kind_family(struct bytes subject);
/* Whether a field can repeat a part of a subject of this form: "manager" of package/<manager>/<name>, and the first word of
 * the subject for <name> and <id>. */
bool kind_form_restates(const struct kind_form *form, const struct kind_field *field);
/* The part that this field repeats, in a subject with the form's prefix; false: none. */
bool kind_form_part(const struct kind_form *form, struct bytes subject, struct bytes field, struct bytes *ret);

#endif
