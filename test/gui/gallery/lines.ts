/** Conversations of the gallery, as rows. */
import type { MessageView } from "../../../src/client/api.ts";
import type { FileView } from "../../../src/client/file-api.ts";
import type { MessageRow, Row } from "../../../src/client/view/view-state.ts";
import { ACCOUNTS } from "./people.ts";

type Person = keyof typeof ACCOUNTS;

const NAMES: Readonly<Record<Person, string>> = {
  mira: "Mira",
  jonas: "Jonas",
  aylin: "Aylin",
  tomas: "Tomás",
  hostile: `Ev\u202eil\u200b ${"\u0301".repeat(200)}<script>alert(1)</script>`,
};

let made = 0;

interface Said {
  readonly by: Person;
  readonly text?: string;
  readonly at: string;
  readonly file?: FileView;
  readonly state?: Pick<MessageView, "state" | "delivery">;
  readonly row?: Partial<MessageRow>;
}

export function said({ by, text = "", at, file, state, row }: Said): MessageRow {
  const id = (++made).toString(16).padStart(64, "0");
  const line: MessageView = {
    id,
    from: { account: ACCOUNTS[by], name: NAMES[by] },
    sentAt: at,
    kind: file ? "file" : "text",
    text: file?.name ?? text,
    depth: made,
    ...state,
    ...(file ? { file } : {}),
  };
  return { kind: "message", id, line, own: by === "mira", first: true, last: true, ...row };
}

const system = (text: string, at: string): Row => {
  const id = (++made).toString(16).padStart(64, "0");
  const from = { account: ACCOUNTS.mira, name: "Mira" };
  return { kind: "system", id, line: { id, from, sentAt: at, kind: "system", text, depth: made } };
};

const day = (text: string): Row => ({ kind: "day", id: `day-${text}`, day: text });
const first = { first: true, last: false };
const last = { first: false, last: true };

/** A picture of 64 by 40 pixels: a shore, more or less. */
export const PREVIEW =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAAAoCAIAAADBrGu+AAASVUlEQVR42jXV147juLoFYD9K9Ynv1Dnn8AS7d873e890qJxzzqUcKYqiKIpWqdUaHUMwDMEwDMMwBF8d96B+4cPC4uUCCKoxlv41lv49ln4aSz+PpU9j6fNY+jKWvo6l6bE0M5Zmx9LcWJofSwtjaXEsLY2l5bG0MpZWx9LaWFofSxtjaXMsbY2l7bG0M5Z2x9LeWNofSwdj6XAsHY2l47F0MpZOx9LZWDofSxdj6XIsXY0laSzJY0kZS+pY0saSPpaMsWSOJWss2WPJGUvuWEJjyRtLeCz5Y4mMpWAs0bEUjiU2lqKxxMdS3Kjlf9Xyv2v5p1r+uZY/1fLnWv5Sy19rebqWZ2p5tpbnanm+lhdqebGWl2p5uZZXanm1ltdqeb2WN2p5s5a3anm7lndqebeW92p5v5YPavmwlo9q+biWT2r5tJbPavm8li9q+bKWr2pZqmW5lpVaVmtZq2W9lo1aNmvZqmW7lp1admsZ1bJXy7iW/VomtRzUMq3lsJZZLUe1zGs5boyUf4+Un0bKzyPl00j5PFK+jJSvI2V6pMyMlNmRMjdS5kfKwkhZHClLI2V5pKyMlNWRsjZS1kfKxkjZHClbI2V7pOyMlN2RsjdS9kfKwUg5HClHI+V4pJyMlNORcjZSzkfKxUi5HClXI0UaKfJIUUaKOlK0kaKPFGOkmCPFGin2SHFGijtS0EjxRgoeKf5IISMlGCl0pIQjhY2UaKTwkRKPFNEYqv8eqj8N1Z+H6qeh+nmofhmqX4fq9FCdGaqzQ3VuqM4P1YWhujhUl4bq8lBdGaqrQ3VtqK4P1Y2hujlUt4bq9lDdGaq7Q3VvqO4P1YOhejhUj4bq8VA9GaqnQ/VsqJ4P1YuhejlUr4aqNFTloaoMVXWoakNVH6rGUDWHqjVU7aHqDFV3qKKh6g1VPFT9oUqGajBU6VANhyobqtFQ5UM1HqqiMdB+Gmg/D7RPA+3zQPsy0L4OtOmBNjPQZgfa3ECbH2gLA21xoC0NtOWBtjLQVgfa2kBbH2gbA21zoG0NtO2BtjPQdgfa3kDbH2gHA+1woB0NtOOBdjLQTgfa2UA7H2gXA+1yoF0NNGmgyQNNGWjqQNMGmj7QjIFmDjRroNkDzRlo7kBDA80baHig+QONDLRgoNGBFg40NtCigcYHWjzQxEBrNvr6T339577+qa9/7utf+vrXvj7d12f6+mxfn+vr8319oa8v9vWlvr7c11f6+mpfX+vr6319o69v9vWtvr7d13f6+m5f3+vr+339oK8f9vWjvn7c10/6+mlfP+vr5339oq9f9vWrvi71dbmvK31d7etaX9f7utHXzb5u9XW7rzt93e3rqK97fR33db+vk74e9HXa18O+zvp61Nd5X4/7uujrzUbP+LlnfOoZn3vGl57xtWdM94yZnjHbM+Z6xnzPWOgZiz1jqWcs94yVnrHaM9Z6xnrP2OgZmz1jq2ds94ydnrHbM/Z6xn7POOgZhz3jqGcc94yTnnHaM856xnnPuOgZlz3jqmdIPUPuGUrPUHuG1jP0nmH0DLNnWD3D7hlOz3B7BuoZXs/APcPvGaRnBD2D9oywZ7CeEfUM3jPiniF6RrNnJI2u+XPX/NQ1P3fNL13za9ec7pozXXO2a851zfmuudA1F7vmUtdc7porXXO1a651zfWuudE1N7vmVtfc7po7XXO3a+51zf2uedA1D7vmUdc87ponXfO0a551zfOuedE1L7vmVdeUuqbcNZWuqXZNrWvqXdPommbXtLqm3TWdrul2TdQ1va6Ju6bfNUnXDLom7Zph12RdM+qavGvGXVN0zWbXTBqV9amyPlfWl8r6WlnTlTVTWbOVNVdZ85W1UFmLlbVUWcuVtVJZq5W1VlnrlbVRWZuVtVVZ25W1U1m7lbVXWfuVdVBZh5V1VFnHlXVSWaeVdVZZ55V1UVmXlXVVWVJlyZWlVJZaWVpl6ZVlVJZZWVZl2ZXlVJZbWaiyvMrCleVXFqmsoLJoZYWVxSorqixeWXFlicpqVlZSWdeNjv2pY3/u2F869teOPd2xZzr2bMee69jzHXuhYy927KWOvdyxVzr2asde69jrHXujY2927K2Ovd2xdzr2bsfe69j7HfugYx927KOOfdyxTzr2acc+69jnHfuiY1927KuOLXVsuWMrHVvt2FrH1ju20bHNjm11bLtjOx3b7dioY3sdG3dsv2OTjh10bNqxw47NOnbUsXnHjju26NjNjp107OtG2/ncdr60na9tZ7rtzLSd2bYz13bm285C21lsO0ttZ7ntrLSd1baz1nbW285G29lsO1ttZ7vt7LSd3baz13b2285B2zlsO0dt57jtnLSd07Zz1nbO285F27lsO1dtR2o7cttR2o7adrS2o7cdo+2YbcdqO3bbcdqO23ZQ2/HaDm47ftshbSdoO7TthG2HtZ2o7fC2E7cd0XaabSdpO9dtJ22U7ufS/VK6X0t3unRnSne2dOdKd750F0p3sXSXSne5dFdKd7V010p3vXQ3SnezdLdKd7t0d0p3t3T3Sne/dA9K97B0j0r3uHRPSve0dM9K97x0L0r3snSvSlcqXbl0ldJVS1crXb10jdI1S9cqXbt0ndJ1SxeVrle6uHT90iWlG5QuLd2wdFnpRqXLSzcuXVG6zdJNSve6dNNGC31poa8tNN1CMy0020JzLTTfQgsttNhCSy203EIrLbTaQmsttN5CGy202UJbLbTdQjsttNtCey2030IHLXTYQkctdNxCJy102kJnLXTeQhctdNlCVy0ktZDcQkoLqS2ktZDeQkYLmS1ktZDdQk4LuS2EWshrIdxCfguRFgpaiLZQ2EKshaIW4i0Ut5BooWYLJS103UJpC31rFN6XwvtaeNOFN1N4s4U3V3jzhbdQeIuFt1R4y4W3UnirhbdWeOuFt1F4m4W3VXjbhbdTeLuFt1d4+4V3UHiHhXdUeMeFd1J4p4V3VnjnhXdReJeFd1V4UuHJhacUnlp4WuHphWcUnll4VuHZhecUnlt4qPC8wsOF5xceKbyg8GjhhYXHCi8qPF54ceGJwmsWXlJ414WXFt63Ro6/5ng6xzM5ns3xXI7nc7yQ48UcL+V4OccrOV7N8VqO13O8kePNHG/leDvHOznezfFejvdzfJDjwxwf5fg4xyc5Ps3xWY7Pc3yR48scX+VYyrGcYyXHao61HOs5NnJs5tjKsZ1jJ8dujlGOvRzjHPs5JjkOckxzHOaY5TjKMc9xnGOR42aOkxxf5zjN8bccZ43M/5r505k/k/mzmT+X+fOZv5D5i5m/lPnLmb+S+auZv5b565m/kfmbmb+V+duZv5P5u5m/l/n7mX+Q+YeZf5T5x5l/kvmnmX+W+eeZf5H5l5l/lflS5suZr2S+mvla5uuZb2S+mflW5tuZ72S+m/ko873Mx5nvZz7J/CDzaeaHmc8yP8p8nvlx5ovMb2Z+kvnXmZ9m/rfMzxopmU7JTEpmUzKXkvmULKRkMSVLKVlOyUpKVlOylpL1lGykZDMlWynZTslOSnZTspeS/ZQcpOQwJUcpOU7JSUpOU3KWkvOUXKTkMiVXKZFSIqdESYmaEi0lekqMlJgpsVJip8RJiZsSlBIvJTglfkpISoKU0JSEKWEpiVLCUxKnRKSkmZIkJdcpSVPyLSVZSr43kmA6CWaSYDYJ5pJgPgkWkmAxCZaSYDkJVpJgNQnWkmA9CTaSYDMJtpJgOwl2kmA3CfaSYD8JDpLgMAmOkuA4CU6S4DQJzpLgPAkukuAyCa6SQEoCOQmUJFCTQEsCPQmMJDCTwEoCOwmcJHCTACWBlwQ4CfwkIEkQJAFNgjAJWBJEScCTIE4CkQTNJEiS4DoJ0iT4lgRZEnxvCDoj6Kygc4LOC7og6KKgS4IuC7oi6Kqga4KuC7oh6KagW4JuC7oj6K6ge4LuC3og6KGgR4IeC3oi6KmgZ4KeC3oh6KWgV4JKgsqCKoKqgmqC6oIagpqCWoLagjqCuoIiQT1BsaC+oETQQFAqaCgoEzQSlAsaCyoEbQqaCHotaCroN0EzQb8Lmjd4OMPDWR7O8XCehws8XOThEg+XebjCw1UervFwnYcbPNzk4RYPt3m4w8NdHu7xcJ+HBzw85OERD495eMLDUx6e8fCchxc8vOThFQ8lHso8VHio8lDjoc5Dg4cmDy0e2jx0eOjyEPHQ4yHmoc9DwsOAh5SHIQ8ZDyMech7GPBQ8bPIw4eE1D1MefuNhxsPvPMwbjM0yNsfYPGMLjC0ytsTYMmMrjK0ytsbYOmMbjG0ytsXYNmM7jO0ytsfYPmMHjB0ydsTYMWMnjJ0ydsbYOWMXjF0ydsWYxJjMmMKYypjGmM6YwZjJmMWYzZjDmMsYYsxjDDPmM0YYCxijjIXsxxcxxhmLGROMNRlLGLtmLGXsG2MZY98Zyxn7pUGjWRrN0WieRgs0WqTREo2WabRCo1UardFonUYbNNqk0RaNtmm0Q6NdGu3RaJ9GBzQ6pNERjY5pdEKjUxqd0eicRhc0uqTRFY0kGsk0Umik0kijkU4jg0YmjSwa2TRyaOTSCNHIoxGmkU8jQqOARpRGIY0YjSIacRrFP+5R1KRRQqNrGqU0+kajjEbfaZTT6JcG4XOEzxO+QPgi4UuELxO+Qvgq4WuErxO+Qfgm4VuEbxO+Q/gu4XuE7xN+QPgh4UeEHxN+Qvgp4WeEnxN+Qfgl4VeES4TLhCuEq4RrhOuEG4SbhFuE24Q7hLuEI8I9wjHhPuGE8IBwSn5cI0Z4RDgnPCZcEN4kPCH8+sdrxL8RnhH+nfCc8F8ILxo4nsPxPI4XcLyI4yUcL+N4BcerOF7D8TqON3C8ieMtHG/jeAfHuzjew/E+jg9wfIjjIxwf4/gEx6c4PsPxOY4vcHyJ4yscSziWcazgWMWxhmMdxwaOTRxbOLZx7ODYxTHCsYdjjGMfxwTHAY4pjkMcMxxHOOY4jnEscNzEcYLjaxynOP6G4wzH33/81uJfcFw0kJhHYgGJRSSWkFhGYgWJVSTWkFhHYgOJTSS2kNhGYgeJXST2kNhH4gCJQySOkDhG4gSJUyTOkDhH4gKJSySukJCQkJFQkFCR0JDQkTCQMJGwkLCRcJBwkUBIeEhgJHwkCBIB+vEehUgwJCIkOBIxEgKJJhIJEtdIpEh8QyJD4jsSORK/IFEg8X+Nqdu/cZoLTnNx6s6kLP+aq05zberupGxM3ZvkltPcnro/KbtTDya57zQPph5OytGveeI0T6ceTcr51ONJXjrNq6knkyJPPZ2k6jS1qWeTYvyaltO0p55Pijv1YpKe08RTLyeFTL2aJHWa4dTrSYl+zdhpiqk3k5JMvZ1k6jS/Tb2blO9T7yf5i9Mspj78pnHr9scJK1m6defjjbuT4/okb927YSU7t+5//OHBD1ZyeOvhxxuPJsezSd56fMNKpFtPPv7w9Acr0W89+3jj+eToTPLWixtW4t96+fGHVz9YCbv1+uONN5Njc5K33t6wkuzWu48/vP/BSv7v1oePkwG/vXEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OG3jf+4/bsbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcffjcZ8Psbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcfft/4z9t/uHEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OEPkwF/vHEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OGPjf+6/acbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcf/jQZ8Ocbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcf/tz479t/uXEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OEvkwF/vXEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OGvjf+5/bcbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcf/jYZ8Pcbd8BdcA/cBw/AQ/AIPAZPwFPwDDwHL8BL8Aq8Bm/AW/AOvAcf/t7439v/uHEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OEfkwH/vHEH3AX3wH3wADwEj8Bj8AQ8Bc/Ac/ACvASvwGvwBrwF78B78OGf/w+GrzkMzQVS+AAAAABJRU5ErkJggg==";

const file = (id: string, rest: Partial<FileView>): FileView => ({
  id: id.repeat(32),
  name: "tide-table-2026.pdf",
  sizeBytes: 4_812_330,
  type: "application/pdf",
  state: "offered",
  doneBytes: 0,
  ...rest,
});

export const TALK: readonly Row[] = [
  day("2026-11-21"),
  system("Mira created the group “Harbour walk”", "2026-11-21T08:59:00Z"),
  system("Mira added Jonas, Aylin and Tomás", "2026-11-21T09:00:00Z"),
  said({ by: "jonas", text: "Morning! Are we still on for Sunday?", at: "2026-11-21T09:12:00Z", row: first }),
  said({
    by: "jonas",
    text: "The ferry leaves at 9:40 from the old pier, the next one only at noon: https://ferries.example/harbour?day=sunday",
    at: "2026-11-21T09:12:40Z",
    row: last,
  }),
  said({
    by: "mira",
    text: "Yes. I bring bread and the big thermos.",
    at: "2026-11-21T09:20:00Z",
    state: { state: "delivered", delivery: { devices: 4, of: 4 } },
  }),
  said({ by: "aylin", text: "🎉⛴️", at: "2026-11-21T09:21:00Z" }),
  day("2026-11-23"),
  said({
    by: "tomas",
    at: "2026-11-23T07:48:00Z",
    file: file("0b", { state: "fetching", doneBytes: 2_900_000, bytesPerSecond: 640_000 }),
    row: first,
  }),
  said({
    by: "tomas",
    text: "High water is at 11:05. For those who like it exact:\n```\nhigh  11:05  3.9 m\nlow   17:22  0.8 m\n```\nso `low` is when we walk back.",
    at: "2026-11-23T07:49:00Z",
    row: last,
  }),
  { kind: "unread", id: "unread", count: 3 },
  said({
    by: "aylin",
    text: "Can somebody lend me a rain jacket? Mine has gone the way of all zips.",
    at: "2026-11-23T08:30:00Z",
  }),
  said({
    by: "mira",
    text: "I have a spare one, size M.",
    at: "2026-11-23T08:41:00Z",
    state: { state: "delivered", delivery: { devices: 2, of: 4 } },
    row: first,
  }),
  said({ by: "mira", text: "Also dry socks 🧦", at: "2026-11-23T08:41:30Z", state: { state: "on-relay" }, row: last }),
  said({ by: "jonas", text: "Then it is settled. See you at the pier, 9:30!", at: "2026-11-23T08:55:00Z" }),
];

export const HOSTILE: readonly Row[] = [
  day("2026-11-23"),
  system("\u202eEvil\u202c renamed the group <b>bold</b>", "2026-11-23T07:00:00Z"),
  said({
    by: "hostile",
    text: "<script>alert(document.cookie)</script><img src=x onerror=alert(1)>",
    at: "2026-11-23T07:01:00Z",
  }),
  said({ by: "hostile", text: `Zalgo: e${"\u0301\u0337\u0489".repeat(3_334)} end`, at: "2026-11-23T07:02:00Z" }),
  said({ by: "hostile", text: "x".repeat(60_000), at: "2026-11-23T07:03:00Z" }),
  said({
    by: "hostile",
    text: "https://аpple.com/login https://bank.example@evil.example/ javascript:alert(1) https://good.example/\u202egnp.exe",
    at: "2026-11-23T07:04:00Z",
  }),
  said({
    by: "hostile",
    at: "2026-11-23T07:05:00Z",
    file: file("0c", {
      name: `inv\u202efdp.exe${"\u0301".repeat(90)}`,
      state: "waiting",
      doneBytes: 9,
      holders: [{ account: ACCOUNTS.jonas, name: NAMES.jonas }],
    }),
  }),
  said({ by: "jonas", text: "Still readable here.", at: "2026-11-23T07:06:00Z" }),
];

export const STATES_OF_OURS: readonly Row[] = [
  day("2026-11-23"),
  said({ by: "mira", text: "Queued", at: "2026-11-23T07:01:00Z", state: { state: "queued" }, row: first }),
  said({ by: "mira", text: "Taken", at: "2026-11-23T07:01:10Z", row: { ...last, sending: "sending" } }),
  said({
    by: "mira",
    text: "Refused",
    at: "2026-11-23T07:02:00Z",
    row: { sending: "failed", failure: { code: "usage/not-allowed", message: "you are not in this group any more" } },
  }),
  said({
    by: "mira",
    at: "2026-11-23T07:03:00Z",
    file: file("0d", {
      name: "pier.jpg",
      type: "image/jpeg",
      state: "sending",
      doneBytes: 1_200_000,
      preview: { width: 1600, height: 1000, image: PREVIEW },
    }),
    state: { state: "on-relay" },
  }),
  said({
    by: "jonas",
    at: "2026-11-23T07:04:00Z",
    file: file("0e", { state: "here", doneBytes: 4_812_330, path: "/home/mira/Downloads/tide-table-2026.pdf" }),
  }),
  said({
    by: "aylin",
    at: "2026-11-23T07:05:00Z",
    file: file("0f", { state: "failed", reason: "its sender has withdrawn it: ask for it again" }),
  }),
  said({ by: "aylin", at: "2026-11-23T07:06:00Z", file: file("10", {}) }),
];
