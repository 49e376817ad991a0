const currencies = new Set(Intl.supportedValuesOf('currency'));

/** Whether it is the code of a currency, by ISO 4217. */
export const isCurrency = (code: string): boolean => currencies.has(code);

/** How many decimals amounts of a currency have: 2 for USD, 0 for JPY. */
export const currencyDecimals = (code: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2;

/** An amount as it can be paid. */
export const rounded = (amount: number, currency: string): number => Number(amount.toFixed(currencyDecimals(currency)));
