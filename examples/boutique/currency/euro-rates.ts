/**
 * Euro foreign exchange reference rates of the European Central Bank: how much of each currency one euro buys.
 * https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
 */
export const ratesDate = '2025-10-09';

export const euroRates: Readonly<Record<string, string>> = {
  EUR: '1',
  USD: '1.1611',
  JPY: '177.40',
  BGN: '1.9558',
  CZK: '24.326',
  DKK: '7.4668',
  GBP: '0.86830',
  HUF: '390.98',
  PLN: '4.2548',
  RON: '5.0945',
  SEK: '10.9870',
  CHF: '0.9309',
  ISK: '141.80',
  NOK: '11.6240',
  TRY: '48.4464',
  AUD: '1.7600',
  BRL: '6.1877',
  CAD: '1.6198',
  CNY: '8.2698',
  HKD: '9.0334',
  IDR: '19227.64',
  ILS: '3.7684',
  INR: '103.1025',
  KRW: '1647.80',
  MXN: '21.2683',
  MYR: '4.8952',
  NZD: '2.0097',
  PHP: '67.553',
  SGD: '1.5048',
  THB: '37.817',
  ZAR: '19.8575',
};
