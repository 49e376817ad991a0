const currencies = new Set(Intl.supportedValuesOf('currency'));

/** Whether it is the code of a currency, by ISO 4217. */
export const isCurrency = (code: string): boolean => currencies.has(code);

/** An amount with as many decimals as its currency is paid in: 25.50 USD, 26 JPY. */
export function amountText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  const decimals = format.maximumFractionDigits;
  return new Intl.NumberFormat('en', {
    useGrouping: false,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount);
}

/** More than any conversion is worth: such a number was meant as something else. */
const amountMax = 1e12;

/**
 * What a conversion is worth: a fixed amount, or what a number field was answered with; null where that says nothing, or
 * less than nothing. Amounts are rounded as the currency is paid; 0 is an amount.
 */
export function worthOf(
  value: { readonly amount: number | null; readonly field: string | null; readonly currency: string } | null,
  answers: Readonly<Record<string, unknown>>,
): { amount: number; currency: string } | null {
  if (value === null) return null;
  const { field, currency } = value;
  const answer = field !== null && Object.hasOwn(answers, field) ? answers[field] : null;
  const amount = value.amount ?? answer;
  if (typeof amount !== 'number' || !(amount >= 0 && amount <= amountMax)) return null;
  return { amount: Number(amountText(amount, currency)), currency };
}
