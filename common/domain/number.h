/* number.h - the names of a complaint: its id, its tracking number, its access code, its digest.
 *
 * Pure: everything follows from the arguments.  RELIABILITY P3, P4, 5.4.
 */
#ifndef ADUAN_NUMBER_H
#define ADUAN_NUMBER_H

#include "base/base.h"

#define NUMBER_LEN        14 /* 'A', 12 symbols of Crockford base32, a check symbol */
#define CODE_LEN          26 /* 128 bits in Crockford base32 */
#define CODE_HASH_LEN     32
#define NUMBER_DIGEST_LEN 32
#define ID_KEY_LEN        32

/* complaint_id = 48 bits of `created` (ms, big-endian) and 80 bits of BLAKE2b, keyed with the
 * installation's id key, over len(adapter) ‖ adapter ‖ key ‖ created.  The length keeps "a"+"bc"
 * apart from "ab"+"c". */
struct id number_id (const uint8_t id_key[ID_KEY_LEN], const char *adapter, struct view key,
                     uint64_t created);

/* The 60 bits of an id's tracking number. */
uint64_t number_bits (const struct id *id);
/* The tracking number of an id: 60 of its 80 hashed bits.  `ret` has room for NUMBER_LEN + 1. */
void number_of_id (const struct id *id, char ret[NUMBER_LEN + 1]);
/* The 60 bits of a tracking number as a person wrote it: any letter case, hyphens and spaces
 * dropped, I and L read as 1, O as 0; the check symbol must fit.  0, or FAIL_MALFORMED. */
int number_parse (struct view text, uint64_t *ret_bits);
/* The same bits as number_of_id writes them. */
void number_of_bits (uint64_t bits, char ret[NUMBER_LEN + 1]);

/* From one 128-bit token, drawn with the form: the idempotency key (32 hexadecimal digits) and the
 * access code, by two BLAKE2b personalisations, so that a repeat gives the same id and code. */
void number_from_token (const struct id *token, char ret_key[33], char ret_code[CODE_LEN + 1]);
/* BLAKE2b-256 of an access code as a person wrote it (normalised as number_parse does).
 * 0, or FAIL_MALFORMED where it is not 26 symbols. */
int number_code_hash (struct view code, uint8_t ret[CODE_HASH_LEN]);

/* Keyed BLAKE2b-256 over body and target: what every version has compared of a repeat (intake/digest.c). */
void number_digest (const uint8_t id_key[ID_KEY_LEN], struct view body, struct view target,
                    uint8_t ret[NUMBER_DIGEST_LEN]);

/* Reads an id key: a file of 64 hexadecimal digits.  0, FAIL_ABSENT or FAIL_MALFORMED. */
int number_read_key (const char *path, uint8_t ret[ID_KEY_LEN]);
/* A value by which a wrong id key is known without showing the key. */
void number_key_check (const uint8_t id_key[ID_KEY_LEN], uint8_t ret[16]);

#endif
