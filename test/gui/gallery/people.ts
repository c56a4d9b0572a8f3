/** Who appears in the gallery; the numbers mean nothing. */
export const ACCOUNTS = {
  mira: "1f".repeat(32),
  jonas: "2b".repeat(32),
  aylin: "30".repeat(32),
  tomas: "47".repeat(32),
  hostile: "58".repeat(32),
} as const;

export const GROUP = "a1".repeat(16);

export const DIGITS = "48213 90517 66240 13358 72094 55861 20937 84406 31175 69982 04513 77620";

export const INVITE_LINK = `hermes://join/${"AbCdEf0123456789_-ghijkl".repeat(12)}`;

export const RECOVERY_WORDS =
  "harbor violin maple otter quiet river candle ladder winter meadow copper anchor window basket garden pepper silver tunnel orange planet rocket saddle timber velvet";
